"""The main job on one machine, with nothing else installed."""
