"""The floor that agent and aggregator both stand on: wire, clock, configuration, log."""
