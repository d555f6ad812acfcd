"""A few venues that beat like clockwork, and all that can happen to them: two cores hear it.

One core looks only when something is heard or due to be compared, the other whenever it is told
to: whatever they say must be the same. Times are exact in binary.
"""

from collections.abc import Iterator
from typing import NamedTuple

from aggregator.core.events import BirthWanted, Event, HostChanged, IncidentChanged
from aggregator.core.fleet import Fleet, Host, Place, Venue
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, encode
from venuewatch.base.wire.topics import Stream

STEP_S = 0.25
MARGIN_S = 1.75
INTERVAL_S = 1.0
WALL = 1_800_000_000.0
HOSTS = {"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2"), "TAH": ("t1",)}
FAILED = frozenset({HostState.DOWN, HostState.UNREACHABLE})


class Message(NamedTuple):
    topic: str
    payload: bytes
    is_retained: bool = False


class Machine:
    """The truth of one host: it beats at ``phase``, counted in steps, while it is not ``mute``."""

    def __init__(self, venue: str, name: str, phase: int) -> None:
        self.venue = venue
        self.name = name
        self.phase = phase
        self.boot = 1
        self.session = 1
        self.seq = 0
        self.is_mute = False
        self.lost_beats = 0
        self.wall_step_s = 0.0
        self.heard_at = 0.0

    def topic(self, stream: Stream) -> str:
        return topics.topic(self.venue, self.name, stream)

    def birth(self, *, is_retained: bool = False) -> Message:
        said = Birth(
            boot=f"b{self.boot}",
            session=self.session,
            wall_ms=0,
            interval_s=INTERVAL_S,
            vitals_every_s=10.0,
            agent_version="0",
            keepalive_s=5.0,
        )
        return Message(self.topic(Stream.BIRTH), encode(said), is_retained)

    def death(self, *, boot: int, session: int, is_retained: bool = False) -> Message:
        said = Death(f"b{boot}", session, "lost")
        return Message(self.topic(Stream.DEATH), encode(said), is_retained)

    def beat(self, now: float, tick: int) -> Message:
        wall_ms = int((WALL + now + self.wall_step_s) * 1000)
        said = Beat(
            f"b{self.boot}", self.session, self.seq, int(now * 1000), wall_ms, Echo(tick, 0)
        )
        return Message(self.topic(Stream.BEAT), encode(said))


def new_watch() -> Watch:
    venues = []
    for number, (code, names) in enumerate(HOSTS.items()):
        venue = Venue(code, margin_s=MARGIN_S)
        for position, name in enumerate(names):
            place = Place(f"10.0.{number}.{position + 1}", None, position == 0)
            venue.hosts[name] = Host(code, name, margin_s=MARGIN_S, place=place)
        venues.append(venue)
    return Watch(Fleet(venues))


class SmallWorld:
    """The machines, the way to us, and the two cores. ``now`` is the cores' monotonic clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seldom, self.often = new_watch(), new_watch()
        self.told: list[Event] = []
        self.told_often: list[Event] = []
        self.machines = {
            name: Machine(venue, name, phase % 4)
            for phase, (venue, name) in enumerate(
                (venue, name) for venue, names in HOSTS.items() for name in names
            )
        }
        self.cut: set[str] = set()
        self.held: list[Message] = []
        self.is_stalled = False
        self.is_connected = True
        self.wall_step_s = 0.0
        self.tick = 0
        self.credits: list[tuple[float, float]] = []
        for watch in self.watches:
            watch.subscribed(0.0)
        for machine in self.machines.values():
            self.deliver(machine.birth())
        self.run(3.0)

    @property
    def watches(self) -> tuple[Watch, Watch]:
        return self.seldom, self.often

    def run(self, seconds: float) -> None:
        """Let time pass, and everybody who can beat."""
        for _ in range(int(seconds / STEP_S)):
            self.now += STEP_S
            step = round(self.now / STEP_S)
            if step % 4 == 0 and not self.is_stalled:
                self._tick()
            for machine in self.machines.values():
                if step % 4 == machine.phase:
                    self._beat(machine)
            if not self.is_stalled:
                self.collect()

    def deliver(self, message: Message) -> None:
        """Bring a message to both cores, or keep it while we do not run."""
        if not self.is_connected:
            return
        if self.is_stalled:
            self.held.append(message)
            return
        for watch in self.watches:
            watch.hear(
                message.topic,
                message.payload,
                is_retained=message.is_retained,
                now=self.now,
                wall=WALL + self.now + self.wall_step_s,
            )

    def stall(self, seconds: float) -> None:
        """Do not run for a while; then tell the cores, and hear what has waited."""
        start, self.is_stalled = self.now, True
        self.run(seconds)
        self.is_stalled = False
        self.credits.append((start, self.now))
        for watch in self.watches:
            watch.stalled(start, self.now)
        held, self.held = self.held, []
        for message in held:
            self.deliver(message)
        self.collect()

    def lose_broker(self) -> None:
        for watch in self.watches:
            watch.blinded(self.now)
        self.is_connected = False
        self.blind_since = self.now

    def regain_broker(self) -> None:
        self.is_connected = True
        self.credits.append((self.blind_since, self.now))
        for watch in self.watches:
            watch.subscribed(self.now)
        for machine in self.machines.values():
            self.deliver(machine.birth(is_retained=True))

    def collect(self) -> None:
        """Take out what both cores say by now."""
        for watch in self.watches:
            watch.advance(self.now)
        told = self.seldom.events()
        self.told += told
        self.told_often += self.often.events()
        for event in told:
            if isinstance(event, BirthWanted) and not self.machines[event.host].is_mute:
                self.deliver(self.machines[event.host].birth())

    def look_around(self, parts: list[float]) -> None:
        """Let the core that looks often look, on the way to the next step."""
        for part in sorted(parts):
            self.often.advance(self.now + part * STEP_S)

    def state(self, name: str) -> HostState:
        host = self.seldom.fleet.find(name)
        assert host is not None
        return host.state

    def accusations(self) -> Iterator[HostChanged]:
        for event in self.told:
            if isinstance(event, HostChanged) and event.after in FAILED:
                yield event

    def incidents(self) -> Iterator[IncidentChanged]:
        for event in self.told:
            if isinstance(event, IncidentChanged):
                yield event

    def _tick(self) -> None:
        for watch in self.watches:
            tick = watch.tick(self.now)
        self.tick = tick.number
        self.deliver(Message(topics.TICK, encode(tick)))

    def _beat(self, machine: Machine) -> None:
        machine.seq += 1
        if machine.is_mute or machine.venue in self.cut:
            return
        if machine.lost_beats:
            machine.lost_beats -= 1
            return
        machine.heard_at = self.now
        self.deliver(machine.beat(self.now, self.tick))
