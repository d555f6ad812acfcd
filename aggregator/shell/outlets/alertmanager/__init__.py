"""Alertmanager outlet: pushes the alerts of incidents to each Alertmanager (its API, v2).

What is pushed, and when, is decided in ``core/incidents/pushing.py``. Each Alertmanager has a queue
of its own with the latest of each alert; what is newer replaces what still waits. So the queue is
never longer than there are alerts, and an Alertmanager that was away hears how things stand, not
how they came about (``core/notices/alerts.py``). Nothing waits for it. Only 400, 413 and 422 drop
an alert, and no other one with it; what is open is pushed again within a minute. Neither path, user
nor token is ever logged.
"""
