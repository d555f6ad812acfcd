"""Measures venuewatch beside its peers: ``python -m bench NAME``.

One bench a file, found by folder: a module here with ``SUMMARY``, ``add_arguments`` and ``run``
is a bench. What benches share is in :mod:`bench.kit`.
"""
