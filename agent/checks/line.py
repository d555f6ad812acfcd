"""Listens to a console or a serial board over TCP: lines of text, or just bytes.

It is the ``stream`` that connects, with settings of its own.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

from agent.checks import CheckConfig, Latest, LimitS, Reading, about
from agent.checks.extractors import Body, Extractor, Found, NoValueError
from agent.checks.patterns.matcher import WholePattern, refuse_bad_pattern
from agent.checks.reading import times
from agent.checks.reading.times import Deadline, Now
from agent.checks.streams.follow import Follower
from agent.checks.streams.frames import LINE_ENDS
from agent.checks.streams.settings import Plan
from agent.checks.ways.connect import Connect
from venuewatch.base.config import Port


class Config(CheckConfig, frozen=True, tag="line"):
    """Connects, and listens; it sends nothing. A `stream` with `connect` can do more.

    The heartbeat is a regular expression for a whole line; it is life, but no data. The state is
    `unknown` when it takes over 2 s for what came at once.
    """

    address: Annotated[str, about("host name or IP", "10.1.0.30")]
    port: Annotated[Port, about("TCP port", 4001)]
    heartbeat: Annotated[str, about("lines that only say it lives", r"\*", max_length=256)] = r"\*"
    any_bytes: Annotated[bool, about("a board without lines: any byte is life", True)] = False
    silence_limit_s: Annotated[LimitS, about("how long it may say nothing, in s", 30.0)] = 60.0
    max_line_bytes: Annotated[int, about("longest line, in bytes", 1024, ge=16, le=65_536)] = 4096

    def __post_init__(self) -> None:
        refuse_bad_pattern(self.heartbeat, "heartbeat")


class Check:
    """:class:`agent.checks.streams.follow.Follower` reads and judges."""

    def __init__(self, config: Config, _latest: Latest, now: Callable[[], Now] = times.now) -> None:
        plan = Plan(
            ends=() if config.any_bytes else LINE_ENDS,
            max_frame_bytes=config.max_line_bytes,
            silence_limit_s=config.silence_limit_s,
        )
        way = Connect(config.address, config.port, config.silence_limit_s)
        alive = {} if config.any_bytes else {"alive": _Heartbeat(config.heartbeat)}
        self._follower = Follower(plan, way, alive, now, timeout_s=config.timeout_s)

    def read(self) -> Reading:
        """Hear what has come since the last reading, connect if need be, and judge."""
        return self._follower.read()

    def close(self) -> None:
        """Hang up."""
        self._follower.close()


class _Heartbeat(Extractor):
    """Finds lines that are a heartbeat as a whole."""

    def __init__(self, pattern: str) -> None:
        self._pattern = WholePattern(pattern)

    def take(self, body: Body, deadline: Deadline) -> str:
        """Return the line, if it is one."""
        if not self._pattern.fits([body.text], deadline)[0]:
            raise NoValueError("is no heartbeat")
        return body.text

    def take_all(self, bodies: Sequence[Body], deadline: Deadline) -> list[Found]:
        """Return each line that is one: one question for all."""
        fits = self._pattern.fits([body.text for body in bodies], deadline)
        return [Found("*" if is_one else None) for is_one in fits]
