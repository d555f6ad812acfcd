"""Judges the spare of results: several feeds or servers, by their own checks."""

from typing import Annotated

from agent.checks import Reading, about
from agent.checks.reading.group import GroupCheck, GroupConfig, Members, judge
from venuewatch.base.wire.checks import CheckState

_MILDEST_FIRST: tuple[CheckState, ...] = ("delayed", "frozen", "silent")  # of results checks


class Config(GroupConfig, frozen=True, tag="redundancy"):
    """Names the checks that stand in for one another; it measures nothing by itself."""

    members: Annotated[
        Members,
        about("names of this host's checks, such as `feed`", ["feed-primary", "feed-backup"]),
    ]


class Check(GroupCheck):
    """All work: ``flowing``; some: ``redundancy_lost``; none: what the best of them is.

    A member that is not expected now has no vote; without any other, nothing is expected.
    """

    def read(self) -> Reading:
        """Judge by the latest reading of each member."""
        latest = self.latest().items()
        voting = {name: it for name, it in latest if it is None or it.state != "not_expected"}
        if not voting:
            return Reading("not_expected", "none of the members is expected to work now")
        reading = judge(voting)
        if reading.state == "ok":
            return reading._replace(state="flowing")
        states = {it.state for it in voting.values() if it is not None}
        if reading.state == "critical" and states.issubset(_MILDEST_FIRST):
            return reading._replace(state=min(states, key=_MILDEST_FIRST.index))
        return reading
