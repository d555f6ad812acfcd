"""The world of a live rehearsal: real agents, broker and aggregator on a stage."""
