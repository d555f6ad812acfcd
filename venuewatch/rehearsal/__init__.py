"""Rehearsals: what the core makes of faults that it has not met yet."""
