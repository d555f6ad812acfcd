"""Examines an installation: a venue host, or the centre."""
