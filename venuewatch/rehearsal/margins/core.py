"""The one place where the simulation meets the product: the real core, with its real rules.

Messages go in as bytes, as the broker hands them over. Times are seconds on the core's clock.
"""

from typing import NamedTuple

from aggregator.core.events import BirthWanted, HostChanged, IncidentChanged, ProbeWanted
from aggregator.core.states import ALIVE, HostState
from aggregator.core.watch import Watch
from aggregator.inventory import HostEntry, Inventory, VenueEntry, fleet_of
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, Probed, encode
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.margins.links import HOST, LINKS

BOOT = "b"
WALL = 1_800_000_000.0  # any moment: all clocks of the model are right

_FALLEN = frozenset({HostState.DOWN, HostState.UNREACHABLE})
_VITALS_EVERY_S = 10.0
_REMEMBERED_TICKS = 120


class Accusation(NamedTuple):
    """The core called a host down or unreachable; ``since`` is the last that it had heard."""

    at: float
    host: str
    since: float


class Core:
    """The whole core over a fleet of one class of link.

    Attributes:
        accusations: what it said of hosts, in order of time.
        oddities: the incidents that it opened of anything else, as ``scope:cause``.
        centre: how often it opened an incident about itself or the broker.
        changes: every change of a host's state: when, which host, to what.
        wanted: the questions that it wants asked.
    """

    def __init__(
        self,
        link: str,
        venues: dict[str, list[str]],
        margin_s: float | None,
        *,
        stock_tcp: bool = False,
    ) -> None:
        model = LINKS[link]
        self._stock_tcp = stock_tcp
        inventory = Inventory(
            venue=tuple(
                VenueEntry(
                    code=code,
                    link=model.link,
                    margin_s=margin_s,
                    host=tuple(
                        HostEntry(name=name, address=f"192.0.2.{at}", gateway=not at)
                        for at, name in enumerate(names)
                    ),
                )
                for code, names in venues.items()
            )
        )
        self._watch = Watch(fleet_of(inventory))
        self._topics = {
            (name, stream): topics.topic(code, name, stream)
            for code, names in venues.items()
            for name in names
            for stream in Stream
        }
        self._number = -1
        self._ticked: list[float] = []
        self.accusations: list[Accusation] = []
        self.oddities: list[tuple[float, str]] = []
        self.centre = 0
        self.changes: list[tuple[float, str, str]] = []
        self.wanted: list[ProbeWanted | BirthWanted] = []

    def subscribed(self, now: float) -> None:
        """Begin to hear."""
        self._watch.subscribed(now)

    def tick(self, now: float) -> bytes:
        """Return the tick that the centre publishes now."""
        tick = self._watch.tick(now)
        self._number = tick.number
        self._ticked = [*self._ticked[-_REMEMBERED_TICKS:], now]
        self._take_events()
        return encode(tick)

    def hear_canary(self, tick: bytes, now: float) -> None:
        """The centre's own tick came back to it."""
        self._hear(topics.TICK, tick, now)

    def birth(self, host: str, session: int, now: float, *, keepalive_s: float) -> None:
        """A host said who it is."""
        birth = Birth(
            boot=BOOT,
            session=session,
            wall_ms=int((WALL + now) * 1000),
            interval_s=HOST.interval_s,
            vitals_every_s=_VITALS_EVERY_S,
            agent_version="0",
            keepalive_s=keepalive_s,
            stock_tcp=self._stock_tcp,
        )
        self._hear(self._topics[host, Stream.BIRTH], encode(birth), now)

    def beat(
        self, host: str, session: int, number: int, now: float, *, due: float, way_s: float
    ) -> None:
        """A beat came that was due at ``due``, over a path of ``way_s`` each way."""
        beat = Beat(
            boot=BOOT,
            session=session,
            seq=number,
            mono_ms=int(due * 1000),
            wall_ms=int((WALL + due) * 1000),
            tick=self._echo(due - way_s),
        )
        self._hear(self._topics[host, Stream.BEAT], encode(beat), now)

    def will(self, host: str, session: int, now: float) -> None:
        """The broker gave a session up."""
        death = Death(boot=BOOT, session=session, reason="lost")
        self._hear(self._topics[host, Stream.DEATH], encode(death), now)

    def probed(self, asked: ProbeWanted, session: int, now: float, *, is_reached: bool) -> None:
        """A neighbour answered."""
        probed = Probed(
            boot=BOOT,
            session=session,
            number=asked.number,
            host=asked.host,
            is_reached=is_reached,
            way="icmp",
        )
        self._hear(self._topics[asked.by, Stream.PROBED], encode(probed), now)

    def stalled(self, start: float, end: float) -> None:
        """The centre's process did not run."""
        self._watch.stalled(start, end)
        self._take_events()

    def advance(self, now: float) -> None:
        """Look."""
        self._watch.advance(now)
        self._take_events()

    def wronged(self) -> list[str]:
        """Name the hosts that are neither up nor late."""
        return [host.name for host in self._watch.fleet if host.state not in ALIVE]

    def is_up(self, host: str) -> bool:
        """Tell whether a host is up."""
        found = self._watch.fleet.find(host)
        return found is not None and found.state is HostState.UP

    @property
    def margin_s(self) -> float:
        """The margin (s) by which it judges."""
        return next(iter(self._watch.fleet)).margin_s

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return len(self._watch.incidents.open)

    def _hear(self, topic: str, payload: bytes, now: float) -> None:
        self._watch.hear(topic, payload, is_retained=False, now=now, wall=WALL + now)
        self._take_events()

    def _echo(self, sent_by: float) -> Echo | None:
        """Return the newest tick that was sent by ``sent_by``."""
        back = len(self._ticked)
        number = self._number
        while back and self._ticked[back - 1] > sent_by:
            back -= 1
            number -= 1
        if not back:
            return None
        held_s = sent_by - self._ticked[back - 1]
        return Echo(number=number, held_ms=int(held_s * 1000))

    def _take_events(self) -> None:
        for event in self._watch.events():
            if isinstance(event, HostChanged):
                self.changes.append((event.at, event.host, event.after.value))
                if event.after in _FALLEN and event.before not in _FALLEN:
                    since = event.at if event.silent_since is None else event.silent_since
                    self.accusations.append(Accusation(event.at, event.host, since))
            elif isinstance(event, ProbeWanted | BirthWanted):
                self.wanted.append(event)
            elif isinstance(event, IncidentChanged) and event.change == "opened":
                self._note(event)

    def _note(self, event: IncidentChanged) -> None:
        subject = event.incident.subject
        if subject.scope == "centre":
            self.centre += 1
        elif subject.scope not in {"host", "venue"}:
            self.oddities.append((event.at, f"{subject.scope}:{event.incident.cause}"))
