"""Holds the command line, and the floor that agent and aggregator share."""

__version__ = "0.1.0"  # here, since importlib.metadata costs an agent 2 MB of memory
