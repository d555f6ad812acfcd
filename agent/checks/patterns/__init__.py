"""Patterns of the checks, matched in a process that can be killed; no kinds."""
