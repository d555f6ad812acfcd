"""Whether a venue still has more than one way out: several links, judged over other checks."""

from typing import Annotated

import msgspec

from agent.checks import CheckConfig, Latest, Reading
from agent.checks._redundancy import judge
from venuewatch.config import Name


class Config(CheckConfig, frozen=True, tag="uplinks"):
    """Names the checks that each look at one link; it measures nothing by itself."""

    members: Annotated[
        tuple[Name, ...],
        msgspec.Meta(
            min_length=2,
            max_length=64,
            description="names of this host's checks, one for each link",
            examples=[["ping-isp-a", "ping-isp-b"]],
        ),
    ]

    def __post_init__(self) -> None:
        if len(set(self.members)) < len(self.members):
            raise ValueError("Expected each of `members` once")
        if self.name in self.members:
            raise ValueError("Expected `members` to be other checks than this one")


class Check:
    """All links work: ``ok``; some: ``redundancy_lost``; none: ``critical``."""

    def __init__(self, config: Config, latest: Latest) -> None:
        self._config = config
        self._latest = latest

    def read(self) -> Reading:
        """Judge by the latest reading of each member."""
        return judge({name: self._latest(name) for name in self._config.members})

    def close(self) -> None:
        """Nothing is held."""
