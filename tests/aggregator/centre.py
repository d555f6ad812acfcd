"""A small fleet that beats, and the core that watches it: one process after the other.

Times are seconds on one clock, which outlives the processes; ``WALL`` is what it is called.
"""

from collections.abc import Iterable

from aggregator.core.events import Event, HostChanged, IncidentChanged
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.memory import Memory, Moment, as_known, restore
from aggregator.core.watch import Watch
from venuewatch.base.wire.messages import Beat, Birth, Death, encode

WALL = 1_800_000_000.0
MARGIN_S = 1.75
GRACE_S = 10.0 + 5.0 + MARGIN_S
HOSTS = ("STA-1", "STA-2", "STA-3", "STA-4", "STA-5", "AQU-1", "AQU-2")


def fleet_of(hosts: Iterable[str]) -> Fleet:
    """Return a fleet of these hosts, each named after its venue."""
    venues: dict[str, Venue] = {}
    for name in hosts:
        code = name.partition("-")[0]
        venue = venues.setdefault(code, Venue(code, margin_s=MARGIN_S))
        venue.hosts[name] = Host(code, name, margin_s=MARGIN_S)
    return Fleet(venues.values())


class Centre:
    """One process of the aggregator's core. All that became true is kept in ``events``."""

    def __init__(
        self,
        hosts: Iterable[str] = HOSTS,
        *,
        memory: Memory | None = None,
        at: float = 0.0,
    ) -> None:
        self.watch = Watch(fleet_of(hosts))
        self.events: list[Event] = []
        self.gone = [] if memory is None else restore(self.watch, memory, at)
        self.take()

    def subscribe(self, at: float) -> None:
        """Hear again, beginning with the births that the broker has kept."""
        self.watch.subscribed(at)
        for host in self.watch.fleet:
            self._hear(at, host.name, "birth", _birth(), is_retained=True)
        self.take()

    def live(self, start: int, end: int, *, without: Iterable[str] = ()) -> None:
        """Let everybody else beat each second from ``start`` until before ``end``, and look."""
        silent = set(without)
        for second in range(start, end):
            for host in list(self.watch.fleet):
                if host.name not in silent:
                    self._hear(second, host.name, "beat", Beat("a", 1, second, 0, 0))
        self.watch.advance(end)
        self.take()

    def farewell(self, at: float, host: str) -> None:
        """Let a host part cleanly."""
        self._hear(at, host, "death", Death("a", 1, "farewell"))
        self.take()

    def take(self) -> list[Event]:
        """Keep what became true, and return what is new of it."""
        news = self.watch.events()
        self.events += news
        return news

    def told(self) -> list[tuple[str, str, str]]:
        """Return what was told of incidents: change, subject, cause."""
        return [
            (event.change, event.incident.subject.host or event.incident.subject.venue, cause)
            for event in self.events
            if isinstance(event, IncidentChanged)
            for cause in (event.incident.cause,)
        ]

    def opened(self) -> list[str]:
        """Return the hosts and venues of which an incident was opened."""
        return [who for change, who, _ in self.told() if change == "opened"]

    def changed(self, host: str) -> list[tuple[str, str]]:
        """Return a host's changes of state: before and after."""
        return [
            (event.before.value, event.after.value)
            for event in self.events
            if isinstance(event, HostChanged) and event.host == host
        ]

    def host(self, name: str) -> Host:
        """Return what is known of a host."""
        host = self.watch.fleet.find(name)
        assert host is not None
        return host

    def memory(self, alive_at: float) -> Memory:
        """Return what the next process may know, ``alive_at`` being when we last ran."""
        return Memory(
            [as_known(host) for host in self.watch.fleet if host.evidence_at is not None],
            self.watch.register.known(),
            1 + max((each.number for each in self.watch.register.known()), default=0),
            Moment(alive_at, WALL + alive_at),
        )

    def _hear(
        self, at: float, host: str, stream: str, message: object, *, is_retained: bool = False
    ) -> None:
        topic = f"venuewatch/v1/{host.partition('-')[0]}/{host}/{stream}"
        self.watch.hear(topic, encode(message), is_retained=is_retained, now=at, wall=WALL + at)


def _birth() -> Birth:
    return Birth(
        boot="a", session=1, wall_ms=0, interval_s=1.0, vitals_every_s=10.0, agent_version="1"
    )
