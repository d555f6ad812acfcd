"""Simulates a small fleet in memory: machines, networks, a broker, and the real core.

Everything happens on a virtual clock and follows from one seed. Nothing in here knows a rule of
the core. It knows packets, processes and clocks, and what is really broken.
"""
