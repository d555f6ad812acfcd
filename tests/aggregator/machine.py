"""One host as it really is, and what it says on the wire. Times are the test's own seconds."""

from typing import Literal, NamedTuple

from tests.aggregator.scene import INTERVAL_S
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, encode
from venuewatch.base.wire.topics import Stream

WALL = 1_800_000_000.0


class Message(NamedTuple):
    topic: str
    payload: bytes
    is_retained: bool = False


class Machine:
    """The truth of one host; ``echo_of`` is the tick that it has heard and not echoed yet."""

    def __init__(self, venue: str, name: str, phase_s: float) -> None:
        self.venue = venue
        self.name = name
        self.phase_s = phase_s
        self.interval_s = INTERVAL_S
        self.boot = "b1"
        self.session = 1
        self.seq = 0
        self.is_mute = False
        self.is_deaf = False
        self.clock_ahead_s = 0.0
        self.echo_of: tuple[int, float] | None = None
        self.held: list[Message] | None = None

    def topic(self, stream: Stream) -> str:
        return topics.topic(self.venue, self.name, stream)

    def is_due(self, now: float) -> bool:
        return (now - self.phase_s) % self.interval_s == 0

    def beat(self, now: float) -> Message:
        self.seq += 1
        echo, self.echo_of = self.echo_of, None
        wall_ms = int((WALL + now + self.clock_ahead_s) * 1000)
        said = Beat(
            self.boot,
            self.session,
            self.seq,
            int(now * 1000),
            wall_ms,
            None if echo is None else Echo(echo[0], int((now - echo[1]) * 1000)),
        )
        return Message(self.topic(Stream.BEAT), encode(said))

    def birth(self, *, is_retained: bool = False) -> Message:
        said = Birth(
            boot=self.boot,
            session=self.session,
            wall_ms=0,
            interval_s=self.interval_s,
            vitals_every_s=10.0,
            agent_version="0",
            keepalive_s=5.0,
        )
        return Message(self.topic(Stream.BIRTH), encode(said), is_retained)

    def death(self, reason: Literal["lost", "farewell"] = "lost") -> Message:
        return Message(self.topic(Stream.DEATH), encode(Death(self.boot, self.session, reason)))
