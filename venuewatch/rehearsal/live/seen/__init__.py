"""Sights of a live world: packets, the messages of a host, and the centre itself."""
