"""A story: a fleet, the whole core that watches it, and what the core says, in words of a test.

Time is the test's own. The core is driven as the product drives it: woken whenever it is due, and
its ticks come back to it after ``canary_s``. Two ways to tell a story, which mix:

* ``run(seconds)``: every machine beats like clockwork, in steps of ``STEP_S``, exact in binary;
* ``beat(at, seq)``, ``birth(at)``, ``death(at, "lost")``: one host says something at a moment.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, Self, TypeAlias

from msgspec.structs import replace

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host, Place
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.liveness import AWAY_LIMIT_S
from aggregator.core.outputs import HostChanged, Moment, Output, Publish, Store
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Evidence
from tests.kit.machine import MARGIN_S, NAME, STOCK_MARGIN_S, WALL, Machine, Message
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Death, Probe, Rebirth, Tick, encode

STEP_S = 0.125
HERE = ("s1", "s2", "s3")
STADE = {"STA": HERE, "AQU": ("a1", "a2", "a3")}
ALONE = {"STA": ("alpha",)}
HOST = "alpha"
Change: TypeAlias = tuple[float, str, str]
Line: TypeAlias = tuple[float, str, str, str]


def fleet_of(
    names: Mapping[str, Sequence[str]], *, margin_s: float = MARGIN_S, addresses: bool = True
) -> Fleet:
    """Return the fleet of these hosts, by venue; the first of each venue is its gateway."""
    venues = []
    for number, (code, hosts) in enumerate(names.items()):
        venue = Venue(code, margin_s=margin_s, stock_margin_s=STOCK_MARGIN_S)
        for position, name in enumerate(hosts):
            address = f"10.0.{number}.{position + 1}" if addresses else ""
            place = Place(address, None, position == 0)
            venue.hosts[name] = Host(
                code, name, margin_s=margin_s, stock_margin_s=STOCK_MARGIN_S, place=place
            )
        venues.append(venue)
    return Fleet(venues)


class Story:
    """The machines and the centre.

    Attributes:
        canary_s: how long our ticks take; None: they are lost.
        reach: whether a machine's neighbours reach it, by name; they answer for no other.
        stores: whether the journal takes what it is given; None: it does not answer.
        published: what the core published to agents, with the topic.
    """

    def __init__(
        self,
        names: Mapping[str, Sequence[str]] = STADE,
        *,
        margin_s: float = MARGIN_S,
        addresses: bool = True,
        away_limit_s: float = AWAY_LIMIT_S,
        start: float = 0.0,
        name: str = NAME,
    ) -> None:
        self.now = start
        self.name = name
        everyone = [(code, name) for code, hosts in names.items() for name in hosts]
        self.machines = {
            name: Machine(code, name, (at % 7 + 1) * STEP_S)
            for at, (code, name) in enumerate(everyone)
        }
        self.reach: dict[str, bool | None] = {}
        self.canary_s: float | None = 0.0
        self.stores: bool | None = True
        self.wall_step_s = 0.0
        self.published: list[Publish] = []
        self._probes: dict[tuple[str, str], int] = {}
        self._on_the_way: list[tuple[float, Message]] = []
        self._held: list[Message] | None = None
        self._said: list[Output] = []
        self._centre_of = partial(Centre, name=name, away_limit_s=away_limit_s)
        self._fleet_of = partial(fleet_of, margin_s=margin_s, addresses=addresses)
        self.centre = self._new_centre(names)

    # What happens

    def open(self) -> None:
        """Be subscribed now, and receive the births that the broker has kept."""
        self.centre.opened(self.now)
        for machine in self.machines.values():
            self.deliver(machine.birth(is_retained=True))

    def subscribe(self, at: float) -> None:
        """Be subscribed at ``at``, and receive nothing yet."""
        self.advance(at)
        self.canary_s = 0.0
        self.centre.opened(at)
        self._collect()

    def bring_up(self) -> Self:
        """Be subscribed, let every machine beat until 4 s (or once), and forget what was said."""
        self.open()
        self.run(max(4.0, *(machine.interval_s for machine in self.machines.values())))
        self.forget()
        return self

    def run(self, seconds: float) -> None:
        """Let time pass, and every machine beat that can."""
        for _ in range(round(seconds / STEP_S)):
            self.advance(self.now + STEP_S)
            for machine in self.machines.values():
                if machine.is_due(self.now):
                    beat = machine.beat(self.now)
                    if machine.held is not None:
                        machine.held.append(beat)
                    elif not machine.is_mute:
                        self.deliver(beat)
            self.look()

    def advance(self, until: float) -> None:
        """Let time pass until ``until``: the centre is woken whenever it is due."""
        while True:
            canary_at = self._on_the_way[0][0] if self._on_the_way else until + 1.0
            at = min(canary_at, self.centre.due())
            if at > until:
                break
            self.now = max(self.now, at)
            if canary_at <= at:
                self.deliver(self._on_the_way.pop(0)[1])
            else:
                self.centre.woke(self.now)
                self._collect()
        self.now = until

    def look(self) -> None:
        """Wake the centre now, whether it is due or not."""
        self.centre.woke(self.now)
        self._collect()

    def deliver(self, *messages: Message) -> None:
        """Bring messages to the centre now, or when the broker goes on."""
        if self._held is not None:
            self._held += messages
            return
        self.centre.receive(self.now, messages, WALL + self.now + self.wall_step_s)
        self._collect()

    def hold(self, seconds: float) -> None:
        """Let the broker bring nothing for a while, and then all of it at once."""
        self._held = []
        self.run(seconds)
        held, self._held = self._held, None
        for message in held:
            self.deliver(message)

    def hang(self, name: str, seconds: float) -> None:
        """Let one machine's connection bring nothing for a while, and then all of it at once."""
        machine = self.machines[name]
        machine.held = []
        self.run(seconds)
        held, machine.held = machine.held, None
        for message in held:
            self.deliver(message)

    def stall(self, seconds: float) -> None:
        """Let our own process not run for a while; what comes meanwhile waits at its socket."""
        held: list[Message] = []
        for machine in self.machines.values():
            machine.held = held if not machine.is_mute else None
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_S
            held += [
                machine.beat(self.now)
                for machine in self.machines.values()
                if machine.is_due(self.now) and machine.held is not None
            ]
        for machine in self.machines.values():
            machine.held = None
        self.look()
        self.deliver(*held)

    def mute(self, *names: str, run_s: float = 0.0) -> None:
        """Let machines send nothing from now on, and time pass."""
        for name in names:
            self.machines[name].is_mute = True
        self.run(run_s)

    def unmute(self, *names: str, run_s: float = 0.0) -> None:
        """Let machines send again, and time pass."""
        for name in names:
            self.machines[name].is_mute = False
        self.run(run_s)

    def kill(self, name: str) -> None:
        """End the agent's process: its connection is closed, and the broker publishes its will."""
        self.mute(name)
        self.deliver(self.machines[name].death())

    def leave(self, name: str) -> None:
        """Let an agent be stopped on purpose: it sends its farewell."""
        self.mute(name)
        self.deliver(self.machines[name].death("farewell"))

    def alternate(self, name: str) -> None:
        """Let two agents of one name be born, one a second after the other."""
        for boot in ("b2", "b1"):
            self.machines[name].boot = boot
            self.deliver(self.machines[name].birth())
            self.run(1.0)

    def lose_connection(self) -> None:
        """Lose our own connection to the broker."""
        self.centre.lost(self.now)
        self.canary_s = None
        self.mute(*self.machines)
        self._collect()

    def regain_connection(self, *back: str) -> None:
        """Be subscribed again; of the machines only those named are back, by default all."""
        self.canary_s = 0.0
        self.unmute(*(back or tuple(self.machines)))
        self.open()

    def reconnect(self, after_s: float, *back: str) -> None:
        """Lose our connection, and regain it after a while."""
        self.lose_connection()
        self.run(after_s)
        self.regain_connection(*back)

    def restart(self, memory: Memory | None = None) -> None:
        """Begin a new process now, with what the one before it left, or with ``memory``."""
        memory = memory or self.centre.memory(Moment(self.now, WALL + self.now))
        expected = {
            code: tuple(name for name, host in venue.hosts.items() if host.is_listed)
            for code, venue in self.centre.fleet.venues.items()
        }
        self.centre = self._new_centre(expected)
        self.centre.restore(self.now, memory)
        self._on_the_way.clear()
        self._collect()

    def answer(self, by: str, about: str, *, is_reached: bool | None) -> None:
        """Let ``by`` answer the last probe that asked it about ``about``."""
        number = self._probes.get((by, about), 0)
        self.deliver(self.machines[by].answer(number, about, is_reached=is_reached))

    def beat(
        self, at: float, seq: int, host: str = HOST, *, boot: str = "a", session: int = 1
    ) -> None:
        self.advance(at)
        wall_ms = int((WALL + at) * 1000)
        self.deliver(self.machines[host].said(Beat(boot, session, seq, int(at * 1000), wall_ms)))

    def birth(self, at: float, host: str = HOST, *, is_retained: bool = False, **said: Any) -> None:
        """Let a host be born in the first session of boot a, or as is ``said``."""
        self.advance(at)
        as_told = {"boot": "a", "keepalive_s": 0.0, **said}
        birth = replace(self.machines[host].announced(), **as_told)
        self.deliver(self.machines[host].said(birth, is_retained=is_retained))

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
        self.advance(at)
        death = Death(boot, session, reason)
        self.deliver(self.machines[host].said(death, is_retained=is_retained))

    def begin(self, *, interval_s: float = 1.0) -> None:
        """Be subscribed at 0, let every host be born and beat (number 0), and forget it."""
        self.centre.opened(self.now)
        for name in self.machines:
            self.birth(self.now, name, interval_s=interval_s)
            self.beat(self.now, 0, name)
        self.forget()

    # What the centre says

    def host(self, name: str = HOST) -> Host:
        return self.centre.fleet.named(name)

    def state(self, name: str = HOST) -> HostState:
        return self.host(name).state

    def said(self) -> list[Output]:
        """Hand over, once, what the centre has said."""
        said, self._said = self._said, []
        return said

    def forget(self) -> None:
        self._said.clear()
        self.published.clear()

    def changes(self, name: str = HOST, *, until: float | None = None) -> list[Change]:
        """Return how a host changed (until then): when, to what, and why."""
        if until is not None:
            self.advance(until)
        return [
            (change.at, change.after.value, change.trigger.value)
            for change in self.said()
            if isinstance(change, HostChanged) and change.host == name
        ]

    def lines(self) -> list[Line]:
        """Hand over, once, what was reported of incidents: when, what, of whom, why."""
        return [
            (out.at, out.change, whom(out.incident.subject), str(out.incident.cause))
            for out in self.said()
            if isinstance(out, IncidentChanged)
        ]

    def opened(self) -> list[tuple[str, str]]:
        """Hand over, once, whom an incident was opened of, and why."""
        return [(who, cause) for _, change, who, cause in self.lines() if change == "opened"]

    def accused(self) -> list[str]:
        """Name the hosts that were called down or unreachable since the last call."""
        bad = {HostState.DOWN, HostState.UNREACHABLE}
        return [
            out.host for out in self.said() if isinstance(out, HostChanged) and out.after in bad
        ]

    def asked(self) -> list[tuple[str, Probe]]:
        """Hand over, once, the probes: which host was asked, and what."""
        probes = [
            (topics.parse(out.topic).host, out.message)
            for out in self.published
            if isinstance(out.message, Probe)
        ]
        self.published.clear()
        return probes

    def births_wanted(self) -> list[str]:
        """Name the hosts that were asked for their birth."""
        return [
            topics.parse(out.topic).host
            for out in self.published
            if isinstance(out.message, Rebirth)
        ]

    def incident(self, scope: str, who: str = "") -> Incident:
        """Return the open incident of a venue's or a host's, or of the centre."""
        for subject, incident in self.centre.decisions.incidents.open.items():
            if subject.scope == scope and who in {"", subject.host, subject.venue}:
                return incident
        raise AssertionError(f"no open incident of {scope} {who}")

    def evidence(self, scope: str, who: str = "") -> dict[str, Evidence]:
        """Return the evidence of an open incident, the last of each kind."""
        return {seen.seen: seen for seen in self.incident(scope, who).evidence}

    def _new_centre(self, names: Mapping[str, Sequence[str]]) -> Centre:
        return self._centre_of(self._fleet_of(names), start=self.now)

    def _collect(self) -> None:
        while outputs := self.centre.take():
            self._said += outputs
            for output in outputs:
                if isinstance(output, Store) and self.stores is not None:
                    answer = self.centre.stored if self.stores else self.centre.not_stored
                    answer(self.now, output.token)
                elif isinstance(output, Publish):
                    self._take(output)

    def _take(self, output: Publish) -> None:
        topic, message = output.topic, output.message
        if isinstance(message, Tick):
            for machine in self.machines.values():
                machine.hear_tick(topic, message.number, self.now)
            if topic == topics.centre_tick(self.name) and self.canary_s is not None:
                self._on_the_way.append((self.now + self.canary_s, Message(topic, encode(message))))
            return
        self.published.append(output)
        if isinstance(message, Probe):
            by, about = topics.parse(output.topic).host, message.host
            self._probes[by, about] = message.number
            if about in self.reach and not self.machines[by].is_mute:
                self.answer(by, about, is_reached=self.reach[about])


def whom(subject: Subject) -> str:
    """Name a subject in a word or two: ``host s1``, ``venue STA``, ``centre``."""
    return f"{subject.scope} {subject.host or subject.venue}".strip()
