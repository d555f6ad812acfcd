"""Incidents: what is reported to people, once for each subject."""
