"""Kinds of scenarios: their files, and the concrete scenarios made of them."""
