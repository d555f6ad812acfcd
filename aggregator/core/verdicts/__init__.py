"""Verdicts: one question a file, with its facts, its thresholds, its table and its evidence."""
