"""Measures false alarms and detection times by class of link.

The life of a trace, in this order:

1. ``links`` holds what is assumed of each class. ``outages`` draws its moments from a seed.
2. ``path`` sends each host's beats over a ``channel`` that loses and delays (``tcp.sender``).
   ``beat_times`` tells when they are due. ``trace`` joins the hosts of three venues.
3. ``replay`` plays the stretches that hold a disturbance to ``core``.
4. ``judging`` counts the false alarms of our core and of the ``detectors`` beside it.
   ``kills`` measures detection times. ``choosing`` finds the least margin of a class.
"""
