"""Delays a results feed."""

from venuewatch.rehearsal.world.faults._victims import FeedFault


class FeedDelayed(FeedFault, frozen=True):
    """An overloaded results server."""

    EXPECTED = "results_delayed"
    STATE = "delayed"
