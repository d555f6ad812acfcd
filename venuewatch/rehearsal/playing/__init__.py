"""Plays the scenarios of a run sheet, and writes down what came of them."""
