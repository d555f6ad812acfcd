"""Rehearses faults on a virtual clock and judges what the core makes of them."""
