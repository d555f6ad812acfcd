"""Alertmanager outlet: pushes the alerts of incidents to each Alertmanager (its API, v2).

What is pushed, and when, is decided in ``core/incidents/pushing.py``. Each Alertmanager has a queue
of its own with the latest of each alert; what is newer replaces what still waits. So the queue is
never longer than there are alerts, and an Alertmanager that was away hears how things stand, not
how they came about. Nothing waits for it. A 4xx other than 408 and 429 drops what it refuses: all
that is open is pushed again within a minute. Neither path, user nor token is ever logged.
"""
