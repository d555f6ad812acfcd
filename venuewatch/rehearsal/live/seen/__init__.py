"""Sights of a live world: packets, messages of a host, its checks, and the centre."""
