"""What runs on one venue host: synchronous, small, and never in the host's way."""
