"""Takes one of a results feed's two sources."""

from venuewatch.rehearsal.world.faults._victims import FeedFault


class FeedRedundancyLost(FeedFault, frozen=True):
    """The results still work, and an operator must know before they do not."""

    EXPECTED = "redundancy_lost"
    STATE = "redundancy_lost"
