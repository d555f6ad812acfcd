"""Freezes the data of a results feed, which goes on talking."""

from venuewatch.rehearsal.world.faults._victims import FeedFault


class FeedFrozen(FeedFault, frozen=True):
    """A publishing job that hangs."""

    EXPECTED = "results_frozen"
    STATE = "frozen"
