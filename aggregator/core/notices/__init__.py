"""Notices: which of those that wait for a receiver goes next, and which is dropped when it is full.

The life of a notice:

1. A change of an incident is reported: its notice waits behind those of the same incident, and
   behind no other.
2. Venues take turns, then the hosts of a venue, then the incidents of a host (``turns.py``). Of
   four turns three are for first words: of incidents that the receiver does not know.
3. It is sent. Of one host, and of one incident, one is under way at a time, of a venue two.
4. The receiver accepts it, and the next of its incident may go. Or refuses it for ever: it is lost.
5. Or it fails: it waits longer after each attempt, and others go meanwhile. While nothing succeeds,
   one retry at a time is under way; a notice that was never tried waits for no retry.
6. When too many wait, the host that has most repeats loses them (``loudest.py``): first its
   ``sharpened``, then incidents that are over and of which the receiver never heard. The first word
   of an open incident, and the end of one that the receiver knows, stay.

Times are monotonic seconds.
"""
