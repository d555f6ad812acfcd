"""Demo of the whole chain on one machine, with nothing else installed."""
