"""One host as it really is, and what it sends. Times are the test's own seconds."""

from typing import Any, Literal, NamedTuple, TypeAlias

from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import (
    Backlog,
    Beat,
    Birth,
    CheckReading,
    Checks,
    Death,
    Echo,
    Probed,
    Vitals,
    encode,
)
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

Content: TypeAlias = Backlog | Catalogue | Beat | Birth | Checks | Death | Probed | Vitals

NAME = "aggregator"
CANARY = topics.centre_tick(NAME)
WALL = 1_800_000_000.0
READINGS = Readings(node_load1=1.0)
INTERVAL_S = 1.0
MARGIN_S = 1.75
"""Near a wired link's margin, and exact in binary: a test can name a moment to the last bit."""

DEADLINE_S = INTERVAL_S + MARGIN_S
STOCK_MARGIN_S = 8.5
GRACE_S = 10.0 + 5.0 + MARGIN_S
"""The longest wait of an agent, five seconds, and the margin."""


class Message(NamedTuple):
    topic: str
    payload: bytes
    retain: bool = False


class Machine:
    """The truth of one host; ``ticks`` are what it has received and not echoed yet, by topic.

    One that does not ``echo_all`` has an older agent, which knows the plain tick alone.
    It beats at ``phase_s`` of each interval, unless it ``is_mute``. While it ``is_deaf`` no tick
    reaches it, and none of the topics that it is ``deaf_to``. What it sends while ``held`` is a
    list waits there.
    """

    def __init__(self, venue: str, name: str, phase_s: float = 0.0) -> None:
        self.venue = venue
        self.name = name
        self.phase_s = phase_s
        self.interval_s = INTERVAL_S
        self.reconnect_max_s = 10.0
        self.boot = "b1"
        self.session = 1
        self.seq = 0
        self.is_mute = False
        self.is_deaf = False
        self.clock_ahead_s = 0.0
        self.deaf_to: set[str] = set()
        self.echoes_all = True
        self.yields = False
        self.address = ""
        self.ticks: dict[str, tuple[int, float]] = {}
        self.held: list[Message] | None = None

    def is_due(self, now: float) -> bool:
        return (now - self.phase_s) % self.interval_s == 0

    def beat(self, now: float) -> Message:
        self.seq += 1
        heard, self.ticks = self.ticks, {}
        echoes = [Echo(number, int((now - at) * 1000)) for number, at in heard.values()]
        first, others = (echoes[0] if echoes else None), tuple(echoes[1:])
        mine = *self._me(), self.seq, int(now * 1000), self._wall_ms(now)
        return self.said(Beat(*mine, first, others))

    def hear_tick(self, topic: str, number: int, now: float) -> None:
        """Receive a tick, if it reaches us and this agent subscribes to it."""
        is_lost = self.is_deaf or topic in self.deaf_to
        if not is_lost and (topic != topics.TICK) is self.echoes_all:
            self.ticks[topic] = number, now

    def reconnect(self) -> Message:
        """Begin a new session, with a birth, and send again."""
        self.session, self.is_mute = self.session + 1, False
        return self.birth()

    def birth(self, *, is_retained: bool = False, stock_tcp: bool = False) -> Message:
        return self.said(self.announced(stock_tcp=stock_tcp), is_retained=is_retained)

    def announced(self, *, stock_tcp: bool = False) -> Birth:
        boot, session = self._me()
        return Birth(
            boot=boot,
            session=session,
            wall_ms=0,
            interval_s=self.interval_s,
            vitals_every_s=10.0,
            agent_version="0",
            keepalive_s=5.0,
            stock_tcp=stock_tcp,
            reconnect_max_s=self.reconnect_max_s,
            own_ticks=self.echoes_all,
            address=self.address,
            yields=self.yields,
        )

    def death(
        self, reason: Literal["lost", "farewell"] = "lost", *, is_retained: bool = False
    ) -> Message:
        return self.said(Death(*self._me(), reason), is_retained=is_retained)

    def answer(self, number: int, about: str, *, is_reached: bool | None) -> Message:
        me: dict[str, Any] = {"boot": self.boot, "session": self.session}
        return self.said(Probed(**me, number=number, host=about, is_reached=is_reached, way="icmp"))

    def check(self, now: float, seq: int, state: CheckState, **said: Any) -> Message:
        as_told = {"check": "odf", "kind": "http", "every_s": 2.0, "duration_s": 0.1, **said}
        reading = CheckReading(state=state, wall_ms=self._wall_ms(now), **as_told)
        return self.said(Checks(*self._me(), seq, 0, [reading]))

    def vitals(self, now: float, seq: int, readings: Readings = READINGS) -> Message:
        return self.said(Vitals(*self._me(), seq, self._wall_ms(now), readings))

    def backlog(self, number: int, *taken_at: float) -> Message:
        """Return vitals that were taken at these times, late; each is numbered by its second."""
        late = [Vitals(*self._me(), int(at), self._wall_ms(at), READINGS) for at in taken_at]
        return self.said(Backlog(*self._me(), number, late))

    def said(self, content: Content, *, is_retained: bool = False) -> Message:
        stream = Stream(type(content).__name__.lower())
        return Message(topics.topic(self.venue, self.name, stream), encode(content), is_retained)

    def _me(self) -> tuple[str, int]:
        return self.boot, self.session

    def _wall_ms(self, now: float) -> int:
        return int((WALL + now + self.clock_ahead_s) * 1000)
