"""A small fleet under a detector: what a test hears, and what became true of it, a line each.

Times are seconds on a clock that the test owns. ``MARGIN_S`` is near a wired link's, and exact
in binary, so that a test can name the moment of a verdict to the last bit.
"""

from typing import Literal, TypeAlias

from aggregator.core.detector import AWAY_LIMIT_S, Detector
from aggregator.core.events import BirthWanted, HostChanged
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.states import HostState
from venuewatch.base.wire.messages import Beat, Birth, Death

VENUE = "STA"
HOST = "alpha"
MARGIN_S = 1.75
STOCK_MARGIN_S = 8.5
INTERVAL_S = 1.0
GRACE_S = 10.0 + 5.0 + MARGIN_S  # the reconnect ceiling, five seconds, and the margin

Change: TypeAlias = tuple[float, str, str]


def beat(seq: int, *, boot: str = "a", session: int = 1) -> Beat:
    return Beat(boot=boot, session=session, seq=seq, mono_ms=0, wall_ms=0)


def birth(
    *, boot: str = "a", session: int = 1, interval_s: float = INTERVAL_S, stock_tcp: bool = False
) -> Birth:
    return Birth(
        boot=boot,
        session=session,
        wall_ms=0,
        interval_s=interval_s,
        vitals_every_s=10.0,
        agent_version="0.1.0",
        stock_tcp=stock_tcp,
    )


class Scene:
    """The fleet, its detector, and short words for what happens to them."""

    def __init__(
        self,
        *hosts: str,
        margin_s: float = MARGIN_S,
        away_limit_s: float = AWAY_LIMIT_S,
    ) -> None:
        self.venue = Venue(VENUE, margin_s=margin_s, stock_margin_s=STOCK_MARGIN_S)
        for name in hosts or (HOST,):
            self.venue.hosts[name] = Host(
                VENUE, name, margin_s=margin_s, stock_margin_s=STOCK_MARGIN_S
            )
        self.fleet = Fleet([self.venue])
        self.detector = Detector(self.fleet, away_limit_s=away_limit_s)

    def host(self, name: str = HOST) -> Host:
        return self.venue.hosts[name]

    def state(self, name: str = HOST) -> HostState:
        return self.host(name).state

    def subscribe(self, at: float) -> None:
        self.detector.subscribed(at)

    def birth(  # noqa: PLR0913 - what a birth says
        self,
        at: float,
        host: str = HOST,
        *,
        boot: str = "a",
        session: int = 1,
        interval_s: float = INTERVAL_S,
        stock_tcp: bool = False,
        is_retained: bool = False,
    ) -> None:
        said = birth(boot=boot, session=session, interval_s=interval_s, stock_tcp=stock_tcp)
        self.detector.hear_birth(self.host(host), said, at, is_retained=is_retained)

    def beat(
        self, at: float, seq: int, host: str = HOST, *, boot: str = "a", session: int = 1
    ) -> bool:
        said = beat(seq, boot=boot, session=session)
        return self.detector.hear_beat(self.host(host), said, at, 1_000_000 + at)

    def death(
        self,
        at: float,
        reason: Literal["lost", "farewell"],
        host: str = HOST,
        *,
        boot: str = "a",
        session: int = 1,
        is_retained: bool = False,
    ) -> None:
        said = Death(boot=boot, session=session, reason=reason)
        self.detector.hear_death(self.host(host), said, at, is_retained=is_retained)

    def bring_up(self, *, interval_s: float = INTERVAL_S) -> None:
        """Subscribe at 0, let every host be born and beat (number 0), and forget the events."""
        self.subscribe(0.0)
        for name in self.venue.hosts:
            self.birth(0.0, name, interval_s=interval_s)
            self.beat(0.0, 0, name)
        self.detector.events()

    def bring_down(self) -> None:
        """Bring everybody up at 0, let 10 s of silence pass, and forget the events."""
        self.bring_up()
        self.detector.advance(10.0)
        self.detector.events()

    def changed(self, *, until: float | None = None) -> list[Change]:
        """Look (at ``until``, if given) and return what changed: when, to what, and why."""
        if until is not None:
            self.detector.advance(until)
        return [
            (event.at, event.after.value, event.trigger.value)
            for event in self.detector.events()
            if isinstance(event, HostChanged)
        ]

    def births_wanted(self) -> list[float]:
        return [event.at for event in self.detector.events() if isinstance(event, BirthWanted)]

    def counted(self) -> dict[HostState, int]:
        """Count the venue's hosts again, by state."""
        states = [host.state for host in self.venue.hosts.values()]
        return {state: states.count(state) for state in HostState}
