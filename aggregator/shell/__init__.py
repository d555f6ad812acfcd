"""Connects the core to the world: the broker, HTTP, time."""
