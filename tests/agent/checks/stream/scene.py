"""A source that a test plays: what it says, by a way in without a network, and the clock."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.checks import Reading
from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.header import Reason
from agent.checks.streams.follow import Follower
from agent.checks.streams.settings import Talk, plan_of
from agent.checks.ways import Heard, Piece
from venuewatch.base.refusals import convert

NOON = 1_722_686_400.0
"""Saturday, 2024-08-03, 12:00:00 UTC."""


class Played:
    """A way in that hears what it is given, and keeps what it was told to say."""

    def __init__(self) -> None:
        self.next: list[Heard] = []
        self.said: list[tuple[bytes, str]] = []
        self.failure = ""
        self.is_closed = False

    def hear(self, _now: Now, _deadline: Deadline) -> Heard:
        return self.next.pop(0) if self.next else Heard()

    def say(self, content: bytes, source: str = "") -> str:
        self.said.append((content, source))
        return self.failure

    def close(self) -> None:
        self.is_closed = True


class Scene:
    """A check over a played way; ``talk`` as a configuration says it."""

    def __init__(
        self,
        talk: Mapping[str, Any] | None = None,
        *,
        sees_all: bool = True,
        refuses: Sequence[Reason] = ("peer",),
    ) -> None:
        plan = plan_of(convert(dict(talk or {}), Talk))
        self.now = Now(1000.0, NOON)
        self.way = Played()
        extractors = {name: extract.extractor() for name, extract in plan.extracts.items()}
        self.follower = Follower(
            plan,
            self.way,
            extractors,
            lambda: self.now,
            timeout_s=5.0,
            sees_all=sees_all,
            refuses=refuses,
        )

    def wait(self, seconds: float) -> None:
        self.now = Now(self.now.monotonic_s + seconds, self.now.wall_s + seconds)

    def set_wall(self, by_s: float) -> None:
        self.now = self.now._replace(wall_s=self.now.wall_s + by_s)

    def hears(self, **heard: Any) -> Reading:
        self.way.next.append(Heard(**heard))
        return self.follower.read()

    def says(self, *contents: bytes, source: str = "1") -> Reading:
        """Let the source say these bytes, and read."""
        return self.hears(pieces=[Piece(content, source=source) for content in contents])

    def sends(self, *bodies: bytes, name: str = "") -> Reading:
        """Let these come as whole bodies, and read."""
        return self.hears(pieces=[Piece(body, is_whole=True, name=name) for body in bodies])

    def each(self, every_s: float, count: int, content: bytes) -> Reading:
        """Let the source say the same so many times, and read each time."""
        reading = self.follower.read()
        for _ in range(count):
            self.wait(every_s)
            reading = self.says(content)
        return reading

    def read(self, later_s: float = 0.0) -> Reading:
        self.wait(later_s)
        return self.follower.read()
