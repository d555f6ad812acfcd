"""A fleet that beats like clockwork, and the whole core that listens to it.

Time is the test's own and goes in steps of ``STEP_S``, all of it exact in binary. A machine beats
at its phase, echoes each tick once, and answers probes as ``reach`` says: whether a machine can be
reached, by name; who is not named there is not answered for.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from aggregator.core.detector import AWAY_LIMIT_S
from aggregator.core.events import (
    Event,
    HostChanged,
    Incident,
    IncidentChanged,
    PortWanted,
    ProbeWanted,
    Subject,
)
from aggregator.core.evidence import Evidence
from aggregator.core.fleet import Fleet, Host, Place, Venue
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from tests.aggregator.machine import WALL, Machine, Message
from tests.aggregator.scene import MARGIN_S
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Probed, encode
from venuewatch.base.wire.topics import Stream

STEP_S = 0.125
STADE = {"STA": ("s1", "s2", "s3"), "AQU": ("a1", "a2", "a3")}

Line: TypeAlias = tuple[float, str, str, str]


class Watching:
    """The machines and the watch. ``canary_s`` is how long our ticks take; None: they are lost."""

    def __init__(
        self,
        names: Mapping[str, Sequence[str]] = STADE,
        *,
        margin_s: float = MARGIN_S,
        addresses: bool = True,
        away_limit_s: float = AWAY_LIMIT_S,
    ) -> None:
        self.now = 0.0
        self.machines: dict[str, Machine] = {}
        self.reach: dict[str, bool | None] = {}
        self.canary_s: float | None = 0.0
        self.wall_step_s = 0.0
        self._on_the_way: list[tuple[float, Message]] = []
        self._held: list[Message] | None = None
        self._told: list[Event] = []
        venues = []
        for number, (code, hosts) in enumerate(names.items()):
            venue = Venue(code, margin_s=margin_s)
            for position, name in enumerate(hosts):
                address = f"10.0.{number}.{position + 1}" if addresses else ""
                place = Place(address, None, position == 0)
                venue.hosts[name] = Host(code, name, margin_s=margin_s, place=place)
                phase_s = (len(self.machines) % 7 + 1) * STEP_S
                self.machines[name] = Machine(code, name, phase_s)
            venues.append(venue)
        self.watch = Watch(Fleet(venues), away_limit_s=away_limit_s)

    def subscribe(self) -> None:
        """Be subscribed now, and hear the births that the broker has kept."""
        self.watch.subscribed(self.now)
        for machine in self.machines.values():
            self.deliver(machine.birth(is_retained=True))

    def bring_up(self) -> None:
        """Subscribe, let everybody beat until 4 s (or once), and forget what was said."""
        self.subscribe()
        self.run(max(4.0, *(machine.interval_s for machine in self.machines.values())))
        self._told.clear()

    def run(self, seconds: float) -> None:
        """Let time pass, everybody beat who can, and the core look at each step."""
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self._arrive()
            if self.now % 1.0 == 0:
                self._tick()
            for machine in self.machines.values():
                if machine.is_due(self.now):
                    said = machine.beat(self.now)
                    if machine.held is not None:
                        machine.held.append(said)
                    elif not machine.is_mute:
                        self.deliver(said)
            if self._held is None:
                self.watch.advance(self.now)
                self._collect()

    def deliver(self, message: Message) -> None:
        """Hear it now, or when the broker goes on."""
        if self._held is not None:
            self._held.append(message)
            return
        self.watch.hear(
            message.topic,
            message.payload,
            is_retained=message.is_retained,
            now=self.now,
            wall=WALL + self.now + self.wall_step_s,
        )

    def hold(self, seconds: float) -> None:
        """Let the broker bring nothing for a while, and then all of it at once."""
        self._held = []
        for _ in range(round(seconds / STEP_S)):
            self.run(STEP_S)
            self.watch.advance(self.now)
            self._told += self.watch.events()
        held, self._held = self._held, None
        for message in held:
            self.deliver(message)
        self._collect()

    def hang(self, name: str, seconds: float) -> None:
        """Let one machine's connection bring nothing for a while, and then all of it at once."""
        machine = self.machines[name]
        machine.held = []
        self.run(seconds)
        held, machine.held = machine.held, None
        for message in held:
            self.deliver(message)
        self._collect()

    def mute(self, *names: str) -> None:
        for name in names:
            self.machines[name].is_mute = True

    def unmute(self, *names: str) -> None:
        for name in names:
            self.machines[name].is_mute = False

    def kill(self, name: str) -> None:
        """End the agent's process: its connection is closed, and the broker says its will."""
        self.mute(name)
        self.deliver(self.machines[name].death())

    def word(self, by: str, number: int, about: str, *, is_reached: bool | None) -> None:
        """Let ``by`` answer probe ``number``."""
        machine = self.machines[by]
        said = Probed(
            boot=machine.boot,
            session=machine.session,
            number=number,
            host=about,
            is_reached=is_reached,
            way="icmp",
        )
        self.deliver(Message(machine.topic(Stream.PROBED), encode(said)))

    def host(self, name: str) -> Host:
        host = self.watch.fleet.find(name)
        assert host is not None
        return host

    def state(self, name: str) -> HostState:
        return self.host(name).state

    def told(self) -> list[Event]:
        """Hand over, once, what became true."""
        self._collect()
        told, self._told = self._told, []
        return told

    def lines(self) -> list[Line]:
        """Hand over, once, what was said of incidents: when, what, of whom, why."""
        return [
            (event.at, event.change, whom(event.incident.subject), event.incident.cause)
            for event in self.told()
            if isinstance(event, IncidentChanged)
        ]

    def asked(self) -> list[ProbeWanted]:
        return [event for event in self.told() if isinstance(event, ProbeWanted)]

    def port_questions(self) -> list[float]:
        return [event.at for event in self.told() if isinstance(event, PortWanted)]

    def changes(self, name: str) -> list[tuple[float, str]]:
        return [
            (event.at, event.after.value)
            for event in self.told()
            if isinstance(event, HostChanged) and event.host == name
        ]

    def incident(self, scope: str, who: str = "") -> Incident:
        """Return the open incident of a venue's or a host's, or of the centre."""
        for subject, incident in self.watch.incidents.open.items():
            if subject.scope == scope and who in {"", subject.host, subject.venue}:
                return incident
        raise AssertionError(f"no open incident of {scope} {who}")

    def evidence(self, scope: str, who: str = "") -> dict[str, Evidence]:
        """Return the evidence of an open incident, the last of each kind."""
        return {seen.seen: seen for seen in self.incident(scope, who).evidence}

    def _collect(self) -> None:
        events = self.watch.events()
        self._told += events
        for event in events:
            if not isinstance(event, ProbeWanted) or self.machines[event.by].is_mute:
                continue
            if event.host in self.reach:
                self.word(event.by, event.number, event.host, is_reached=self.reach[event.host])
                self._told += self.watch.events()

    def _tick(self) -> None:
        tick = self.watch.tick(self.now)
        for machine in self.machines.values():
            if not machine.is_deaf:
                machine.echo_of = tick.number, self.now
        if self.canary_s is not None:
            message = Message(topics.TICK, encode(tick))
            self._on_the_way.append((self.now + self.canary_s, message))
            self._arrive()

    def _arrive(self) -> None:
        while self._on_the_way and self._on_the_way[0][0] <= self.now:
            self.deliver(self._on_the_way.pop(0)[1])


def whom(subject: Subject) -> str:
    """Name a subject in a word or two: ``host s1``, ``venue STA``, ``centre``."""
    return f"{subject.scope} {subject.host or subject.venue}".strip()


def accused(watching: Watching) -> list[str]:
    """Name the hosts of which anything bad was said since the last call."""
    bad = {HostState.DOWN, HostState.UNREACHABLE}
    return [
        event.host
        for event in watching.told()
        if isinstance(event, HostChanged) and event.after in bad
    ]


def lose_connection(watching: Watching) -> None:
    watching.watch.blinded(watching.now)
    watching.canary_s = None
    watching.mute(*watching.machines)


def regain_connection(watching: Watching, *back: str) -> None:
    watching.canary_s = 0.0
    watching.unmute(*(back or tuple(watching.machines)))
    watching.subscribe()
