"""Simulates a small fleet in memory: machines, networks, a broker, and the real core."""
