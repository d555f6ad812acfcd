"""Measures venuewatch beside its peers: ``python -m bench NAME``.

One bench is one file, found by folder: a module here with ``SUMMARY``, ``add_arguments`` and
``run``. Benches share :mod:`bench.kit`.
"""
