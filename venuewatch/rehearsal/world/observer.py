"""The aggregator around the real core: one loop, one subscription, as ``aggregator.app`` has it.

Every entry into the core first tells it if our own loop came late. Only process, socket and
timers are modelled; what is heard and decided goes through the real ``Watch``.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aggregator.core.events import (
    BirthWanted,
    Event,
    IncidentChanged,
    PortWanted,
    ProbeWanted,
)
from aggregator.core.watch import Watch
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import (
    TICK_EVERY_S,
    Acknowledge,
    CentreState,
    Command,
    Probe,
    Rebirth,
    encode,
)
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import ConnectAttempt, Port, Ways
from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.machine import Clock
from venuewatch.rehearsal.world.port_probe import ask_port
from venuewatch.rehearsal.world.process import SimProcess
from venuewatch.rehearsal.world.subscription import Subscription

NAME = "centre"
LOOK_EVERY_S = 0.1  # as in aggregator.app, like the three below
LOOK_APART_S = 0.02
STALL_S = 0.3


class Told(NamedTuple):
    """An incident's change, and when (s) the aggregator could tell somebody."""

    at: float
    run: int
    changed: IncidentChanged


class Observer:
    """The aggregator's process. It starts with ``start``.

    ``new_watch`` gets the core of the run before, None at first, and makes the next one: what is
    remembered across a restart is its business.

    Attributes:
        watch: the core of the present run.
        told: every change of every incident, of all runs.
        events: everything else that the core said.
        refused: messages that the core would not take.
    """

    def __init__(
        self,
        loop: Loop,
        rng: random.Random,
        port: Port,
        ways: Ways,
        new_watch: Callable[[Watch | None], Watch],
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._port = port
        self._ways = ways
        self._new_watch = new_watch
        self._state_topic = topics.centre_state(NAME)
        self._alarm = Alarm(loop, self._look_once_running)
        self._look_at = 0.0
        self._ran_at = 0.0
        self.clock = Clock(loop)
        self.process = SimProcess(loop)
        self.process.end()
        self.run_number = 0
        self.watch = new_watch(None)
        self.link: Subscription
        self.told: list[Told] = []
        self.events: list[Event] = []
        self.refused: list[str] = []

    @property
    def ran_at(self) -> float:
        """When (s) it last ran."""
        return self._ran_at

    def start(self) -> None:
        """Begin a run; one must not be under way."""
        if self.run_number:
            self.watch = self._new_watch(self.watch)
        self.run_number += 1
        self.process = SimProcess(self._loop)
        self._look_at = self._ran_at = self._loop.now
        self.link = Subscription(self._loop, self._rng, self.process, self, name=NAME)
        self.link.begin(
            self._port,
            self._ways,
            packets.Connect(
                NAME,
                keepalive_s=5.0,  # aggregator.config
                will=(self._state_topic, encode(CentreState("offline"))),
                is_persistent=True,
            ),
        )
        self._tick(self.process)
        self._look()

    def kill(self) -> None:
        """End the run at once."""
        has_unread = self.process.has_unread
        self.process.end()
        self.link.hang_up(has_unread=has_unread)

    def hear(self, publishes: list[packets.Publish]) -> None:
        """Take in what one read brought."""
        now, wall = self._now(), self.clock.wall
        for message in publishes:
            try:
                self.watch.hear(
                    message.topic,
                    message.payload,
                    is_retained=message.is_retained,
                    now=now,
                    wall=wall,
                )
            except MalformedMessageError as error:
                self.refused.append(f"{message.topic}: {error}")
        self._acknowledge()
        self._tell()

    def subscribed(self) -> None:
        """Begin to hear, and say that we are there."""
        self.watch.subscribed(self._now())
        self.link.publish(
            self._state_topic, encode(CentreState("online")), is_certain=True, is_retained=True
        )
        self._tell()

    def lost(self) -> None:
        """Hear nothing any more."""
        self.watch.blinded(self._now())
        self._tell()

    def _now(self) -> float:
        now = self._loop.now
        if now - self._look_at > STALL_S:
            self.watch.stalled(self._ran_at, now)
            self._look_at = now
        self._ran_at = now
        return now

    def _tick(self, run: SimProcess) -> None:
        if run is self.process:
            tick = self.watch.tick(self._now())
            self.link.publish(topics.TICK, encode(tick))
            run.after(TICK_EVERY_S, lambda: self._tick(run))

    def _look_once_running(self) -> None:
        self.process.run(self._look)

    def _look(self) -> None:
        now = self._now()
        self.watch.advance(now)
        self._wake_at(now + LOOK_EVERY_S)
        self._tell()

    def _wake_at(self, at: float) -> None:
        self._look_at = at
        self._alarm.set(at)

    def _tell(self) -> None:
        now = self._loop.now
        for event in self.watch.events():
            match event:
                case IncidentChanged():
                    self.told.append(Told(now, self.run_number, event))
                case ProbeWanted():
                    probe = Probe(
                        number=event.number,
                        host=event.host,
                        address=event.address,
                        port=event.port,
                        timeout_s=event.timeout_s,
                    )
                    self._command(event.venue, event.by, probe)
                case BirthWanted():
                    self._command(event.venue, event.host, Rebirth())
                case PortWanted():
                    self._ask_port()
                case _:
                    self.events.append(event)
        due = self.watch.next_deadline()
        if due is not None:
            due = max(due, now + LOOK_APART_S)
            if due < self._look_at:
                self._wake_at(due)

    def _command(self, venue: str, host: str, command: Command) -> None:
        topic = topics.topic(venue, host, topics.Stream.CMD)
        self.link.publish(topic, encode(command), is_certain=True)

    def _acknowledge(self) -> None:
        """Acknowledge every backlog: storing takes no time here."""
        intake = self.watch.intake
        backlogs, intake.reported.backlogs = intake.reported.backlogs, []
        intake.reported.stored = []
        for backlog in backlogs:
            command = Acknowledge(backlog.boot, backlog.number)
            self._command(backlog.venue, backlog.host, command)

    def _ask_port(self) -> None:
        attempt = ConnectAttempt(self._loop, self.process, self._port, self._ways)
        ask_port(self._loop, self.process, attempt, partial(self._hear_port, self.watch))

    def _hear_port(self, watch: Watch, said: str) -> None:
        if watch is self.watch:
            watch.hear_port(said, self._now())  # type: ignore[arg-type]
            self._tell()
