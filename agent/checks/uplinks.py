"""Judges the ways out of a venue: several links, by their own checks."""

from typing import Annotated

from agent.checks import Reading, about
from agent.checks.reading.group import GroupCheck, GroupConfig, Members, judge


class Config(GroupConfig, frozen=True, tag="uplinks"):
    """Names the checks that each look at one link; it measures nothing by itself."""

    members: Annotated[
        Members, about("names of this host's checks, one per link", ["ping-isp-a", "ping-isp-b"])
    ]


class Check(GroupCheck):
    """All links work: ``ok``; some: ``redundancy_lost``; none: ``critical``."""

    def read(self) -> Reading:
        """Judge by the latest reading of each member."""
        return judge(self.latest())
