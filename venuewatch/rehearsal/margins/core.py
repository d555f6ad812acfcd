"""The real core under a trace: the one place where the margins' simulation meets the product.

Messages go in as bytes, as the broker hands them over. Times are seconds on the core's clock.
"""

import math
from typing import NamedTuple

from aggregator.core.centre import Centre
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import HostChanged, Publish
from aggregator.core.states import ALIVE, HostState
from aggregator.inventory import HostEntry, Inventory, VenueEntry, fleet_of
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import (
    Beat,
    Birth,
    Death,
    Echo,
    Probe,
    Probed,
    Rebirth,
    Tick,
    encode,
)
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.margins.links import HOST, LINKS
from venuewatch.rehearsal.world import packets

BOOT = "b"
NAME = "centre"
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
        asked: the questions that it has put to agents: which host, and what is asked.
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
        self._centre = Centre(fleet_of(inventory), name=NAME, stall_s=math.inf)
        self._topics = {
            (name, stream): topics.topic(code, name, stream)
            for code, names in venues.items()
            for name in names
            for stream in Stream
        }
        self._number = -1
        self._ticked: list[float] = []
        self.accusations: list[Accusation] = []
        self.oddities: list[str] = []
        self.centre = 0
        self.changes: list[tuple[float, str, str]] = []
        self.asked: list[tuple[str, Probe | Rebirth]] = []
        self._tick: Tick | None = None

    def opened(self, now: float) -> None:
        """Begin to hear."""
        self._centre.opened(now)
        self._take_outputs()

    def tick(self, now: float) -> bytes | None:
        """Return the tick that the centre publishes now; None if it does not, after a stall."""
        self.advance(now)
        tick, self._tick = self._tick, None
        if tick is None:
            return None
        self._number = tick.number
        self._ticked = [*self._ticked[-_REMEMBERED_TICKS:], now]
        return encode(tick)

    def canary(self, tick: bytes, now: float) -> None:
        """Receive the centre's own tick back."""
        self._receive(topics.centre_tick(NAME), tick, now)

    def birth(self, host: str, session: int, now: float, *, keepalive_s: float) -> None:
        """Receive a birth."""
        birth = Birth(
            boot=BOOT,
            session=session,
            wall_ms=int((WALL + now) * 1000),
            interval_s=HOST.interval_s,
            vitals_every_s=_VITALS_EVERY_S,
            agent_version="0",
            keepalive_s=keepalive_s,
            stock_tcp=self._stock_tcp,
            own_ticks=True,
        )
        self._receive(self._topics[host, Stream.BIRTH], encode(birth), now)

    def beat(
        self, host: str, session: int, number: int, now: float, *, due: float, way_s: float
    ) -> None:
        """Receive a beat that was due at ``due``, over a path of ``way_s`` each way."""
        beat = Beat(
            boot=BOOT,
            session=session,
            seq=number,
            mono_ms=int(due * 1000),
            wall_ms=int((WALL + due) * 1000),
            tick=self._echo(due - way_s),
        )
        self._receive(self._topics[host, Stream.BEAT], encode(beat), now)

    def will(self, host: str, session: int, now: float) -> None:
        """Receive a will: the broker gave a session up."""
        death = Death(boot=BOOT, session=session, reason="lost")
        self._receive(self._topics[host, Stream.DEATH], encode(death), now)

    def probed(self, by: str, probe: Probe, session: int, now: float, *, is_reached: bool) -> None:
        """Receive the answer of the neighbour ``by``."""
        probed = Probed(
            boot=BOOT,
            session=session,
            number=probe.number,
            host=probe.host,
            is_reached=is_reached,
            way="icmp",
        )
        self._receive(self._topics[by, Stream.PROBED], encode(probed), now)

    def stalled(self, start: float, end: float) -> None:
        """Note that the centre's process did not run."""
        self._centre.stalled(end, start)
        self._take_outputs()

    def advance(self, now: float) -> None:
        """Wake the centre."""
        self._centre.woke(now)
        self._take_outputs()

    def wronged(self) -> list[str]:
        """Name the hosts that are neither up nor late."""
        return [host.name for host in self._centre.fleet if host.state not in ALIVE]

    @property
    def margin_s(self) -> float:
        """The margin (s) by which it judges."""
        return next(iter(self._centre.fleet)).margin_s

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return len(self._centre.decisions.incidents.open)

    def _receive(self, topic: str, payload: bytes, now: float) -> None:
        self._centre.receive(now, (packets.Publish(topic, payload),), WALL + now)
        self._take_outputs()

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

    def _take_outputs(self) -> None:
        for output in self._centre.take():
            match output:
                case HostChanged():
                    self.changes.append((output.at, output.host, output.after.value))
                    if output.after in _FALLEN and output.before not in _FALLEN:
                        since = output.at if output.silent_since is None else output.silent_since
                        self.accusations.append(Accusation(output.at, output.host, since))
                case Publish(message=Tick() as tick):
                    self._tick = tick
                case Publish(message=Probe() | Rebirth() as command):
                    self.asked.append((topics.parse(output.topic).host, command))
                case IncidentChanged(change="opened"):
                    self._note(output)

    def _note(self, event: IncidentChanged) -> None:
        subject = event.incident.subject
        if subject.scope == "centre":
            self.centre += 1
        elif subject.scope not in {"host", "venue"}:
            self.oddities.append(f"{subject.scope}:{event.incident.cause}")
