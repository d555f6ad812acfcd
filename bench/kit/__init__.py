"""Shared parts of benches: processes, brokers, fleets, results."""
