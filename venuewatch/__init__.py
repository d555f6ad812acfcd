"""What agent and aggregator share, and what stands above both."""
