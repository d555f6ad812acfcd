"""Silences a results feed."""

from venuewatch.rehearsal.world.faults._victims import FeedFault


class FeedSilent(FeedFault, frozen=True):
    """A results server that is gone."""

    EXPECTED = "results_silent"
    STATE = "silent"
