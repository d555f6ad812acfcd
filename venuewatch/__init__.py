"""What agent and aggregator share, and what stands above both."""

__version__ = "0.1.0"  # here, since importlib.metadata costs an agent 2 MB of memory
