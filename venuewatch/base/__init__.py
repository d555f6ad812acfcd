"""Floor of agent and aggregator: wire, clock, configuration, log."""
