"""Where the core's outputs go, one outlet a file."""
