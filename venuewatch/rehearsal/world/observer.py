"""The aggregator's process around the real core: one loop, one subscription.

Only process, socket and timers are modelled: the core is the same ``Centre`` that the product
drives, called as ``aggregator.shell.driver`` calls it. Storing takes no time, or waits for a disk.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import AskPort, HostChanged, Publish, Refused, Store, Tell
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.centre import Port
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, encode
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import ClientSocket, Route
from venuewatch.rehearsal.world.journal import Journal
from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.machine import Clock
from venuewatch.rehearsal.world.notifier import Notifier
from venuewatch.rehearsal.world.process import SimProcess
from venuewatch.rehearsal.world.subscription import Subscription

NAME = "centre"
ASK_WITHIN_S = 1.0
LOSS_TOLD_S = 300.0  # aggregator.shell.outlets.journal


class Told(NamedTuple):
    """An incident's change, and when (s) the aggregator could report it."""

    at: float
    run: int
    changed: IncidentChanged


class Observer:
    """The aggregator's process. It starts with ``start``.

    ``new_centre`` gets the name, the core of the run before (None at first) and when that last ran,
    and makes the next one: what is remembered across a restart is its business.

    Attributes:
        centre: the core of the present run.
        told: every change of every incident, of all runs.
        changes: every change of every host's state, of all runs.
        notifier: what sends notices of them.
        refused: messages that the core would not take, the first for each reason.
        journal: where it stores what outlives it.
        ran_at: when (s) it last ran.
    """

    def __init__(
        self,
        loop: Loop,
        rng: random.Random,
        route: Route,
        new_centre: Callable[[str, Centre | None, float], Centre],
        *,
        name: str = NAME,
    ) -> None:
        self._name = name
        self._loop = loop
        self._rng = rng
        self._route = route
        self._new_centre = new_centre
        self._alarm = Alarm(loop, lambda: self.process.run(self._wake))
        self.clock = Clock(loop)
        self.journal = Journal(loop, self._call)
        self.process = SimProcess(loop)
        self.process.end()
        self.run_number = 0
        self.ran_at = 0.0
        self.centre = new_centre(name, None, 0.0)
        self.link: Subscription
        self.notifier = Notifier(loop, rng, tell_trouble=self._tell_trouble, settle=self._settle)
        self.told: list[Told] = []
        self.changes: list[HostChanged] = []
        self.refused: list[str] = []

    def start(self) -> None:
        """Begin a run; one must not be under way."""
        before = self.centre if self.run_number else None
        self.centre = self._new_centre(self._name, before, self.ran_at)
        self.run_number += 1
        self.process = SimProcess(self._loop)
        self.link = Subscription(
            self._loop,
            self._rng,
            self.process,
            on_receive=self._receive,
            on_opened=lambda: self._call(self.centre.opened),
            on_lost=lambda: self._call(self.centre.lost),
        )
        self.link.begin(
            self._route,
            packets.Connect(
                self._name,
                keepalive_s=5.0,  # aggregator.config
                will=(topics.centre_state(self._name), encode(CentreState("offline"))),
                is_persistent=True,
            ),
        )
        self._wake()
        self.notifier.start(self.process)
        if self.journal.is_lost:
            self._tell_loss()

    def change_inventory(self, fleet: Fleet) -> None:
        """Expect another fleet from now on."""
        self._call(lambda now: self.centre.change_inventory(now, fleet))

    def kill(self) -> None:
        """End the run at once."""
        self.link.hang_up()
        self.process.end()

    def _receive(self, publishes: list[packets.Publish]) -> None:
        self._call(lambda now: self.centre.receive(now, publishes, self.clock.wall))

    def _wake(self) -> None:
        self._call(self.centre.woke)

    def _call(self, step: Callable[[float], None]) -> None:
        """Have the core take a step, and hand out what comes of it."""
        now = self.ran_at = self._loop.now
        step(now)
        while outputs := self.centre.take():
            for output in outputs:
                match output:
                    case IncidentChanged():
                        self.told.append(Told(now, self.run_number, output))
                    case HostChanged():
                        self.changes.append(output)
                    case Tell(changed=changed):
                        self.notifier.tell(changed)
                    case Store():
                        self.journal.store(self.centre, output, now)
                    case Publish():
                        self.link.publish(
                            output.topic,
                            encode(output.message),
                            is_certain=output.qos > 0,
                            is_retained=output.is_retained,
                        )
                    case AskPort():
                        self._ask_port()
                    case Refused():
                        self.refused.append(f"{output.topic}: {output.expected}")
        self._alarm.set(self.centre.due())

    def _tell_loss(self) -> None:
        """Tell, for a while, that the journal was begun anew."""
        self.journal.is_lost = False
        self._call(lambda now: self.centre.begin_trouble(now, Cause.MEMORY_LOST, "it was gone"))
        end = partial(self._call, lambda now: self.centre.end_trouble(now, Cause.MEMORY_LOST))
        self.process.after(LOSS_TOLD_S, end)

    def _tell_trouble(self, is_failing: bool) -> None:  # noqa: FBT001 - it is what is told
        if is_failing:
            why = "webhook: it answers 401"
            self._call(lambda now: self.centre.begin_trouble(now, Cause.NOTICES_FAILING, why))
        else:
            self._call(lambda now: self.centre.end_trouble(now, Cause.NOTICES_FAILING))

    def _settle(self, id_: str) -> None:
        self._call(lambda now: self.centre.notice_settled(now, [id_]))

    def _ask_port(self) -> None:
        """Connect without credentials, and tell the core once what came within a second.

        A broker that answers is told from a dead one so.
        """
        centre, process, is_over = self.centre, self.process, False
        socket = ClientSocket(self._loop, process, self._route)

        def end(said: Port) -> None:
            nonlocal is_over
            if is_over:
                return
            is_over = True
            socket.vanish()
            if centre is self.centre:
                self._call(lambda now: centre.port_said(now, said))

        socket.begin(
            packets.BareConnect(),
            on_data=lambda _packet: end("answers"),
            on_closed=lambda: end("silent"),
            on_refused=lambda: end("refuses"),
        )
        self._loop.after(ASK_WITHIN_S, lambda: process.run(lambda: end("silent")))
