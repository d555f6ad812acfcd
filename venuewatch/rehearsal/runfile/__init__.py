"""File of a run: what was ordered, what was true, and what the monitor said of it."""
