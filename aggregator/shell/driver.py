"""Driver: tells the centre what happens, with its time, and hands its outputs to the outlets.

This is all that there is around the core in a running process: the loop's timer is set to when the
centre is due, and every inlet is followed by handing out. Outlets may call back while they are
handed outputs: what comes of that is handed out behind. An outlet that fails loses its batch, and
keeps none from the others.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import mqtt5

from aggregator.core.budget import Discarding
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.inlets import LOOK_EVERY_S
from aggregator.core.outputs import Connection, Output
from aggregator.core.storing import Number
from aggregator.core.verdicts.causes import Cause, Scalar
from aggregator.core.verdicts.centre import Port
from aggregator.shell.outlets import Outlet
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock, log
from venuewatch.base.wire.errors import Reason

_PIECE = 500  # hosts and incidents that are stored before the loop goes on

_STEP_S = 1.0  # a smaller one may wait until the driver is woken

_logger = logging.getLogger("aggregator")


class BulkListener:
    """Listens on the bulk connection, for ``driver``, which listens on the live one itself."""

    def __init__(self, driver: "Driver") -> None:
        self.receive = driver.receive
        self.refuse = driver.refuse
        self.discarded = driver.discarded
        self._driver = driver

    @property
    def is_behind(self) -> bool:
        """Whether the core has work left."""
        return self._driver.is_behind

    def opened(self) -> None:
        """Hear readings from now on."""
        self._driver.opened("bulk")

    def not_opened(self, why: str) -> None:
        """Note that the broker has not let us in."""
        self._driver.not_opened(why, "bulk")

    def lost(self, *, is_taken_over: bool) -> None:
        """Hear no readings any more."""
        self._driver.lost("bulk", is_taken_over=is_taken_over)


class Driver:
    """Drives ``centre`` on the loop that is running when ``begin`` is called.

    Attributes:
        outlets: where outputs go; to be filled before ``begin``.
    """

    def __init__(self, centre: Centre, wall: WallTime, metrics: OwnMetrics) -> None:
        self.centre = centre
        self._wall = wall
        self._metrics = metrics
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ahead_s = 0.0
        self._is_handing_out = False
        self._failures: set[tuple[str, type[Exception]]] = set()
        self.outlets: list[Outlet] = []

    @property
    def is_behind(self) -> bool:
        """Whether the core has work left."""
        return self.centre.is_behind

    def begin(self) -> None:
        """Wake the centre from now on whenever it is due."""
        self._loop = asyncio.get_running_loop()
        self._wake()

    def end(self) -> None:
        """Have the centre store its last, and wake it no more."""
        if self._loop is None:
            return
        self.centre.stop(clock.monotonic())
        self._hand_out()
        if self._timer is not None:
            self._timer.cancel()
        self._loop = None

    def receive(self, publishes: Sequence[mqtt5.PublishPacket]) -> None:
        """Process what one read brought."""
        now, wall = clock.monotonic(), clock.wall()
        if abs(wall - now - self._ahead_s) > _STEP_S:
            self._note_wall(now, wall)
        self.centre.receive(now, publishes, wall)
        self._hand_out()

    def refuse(self, reason: Reason) -> None:
        """Count what could not even be decoded as a packet."""
        self.centre.refuse(clock.monotonic(), reason)

    def discarded(self, over: Mapping[str, Discarding]) -> None:
        """Count what was discarded as too much of the same topic waited, by topic."""
        self.centre.discarded(clock.monotonic(), over)

    def opened(self, connection: Connection = "live") -> None:
        """Hear the fleet, or its readings, from now on."""
        self.centre.opened(clock.monotonic(), connection)
        self._hand_out()

    def not_opened(self, why: str, connection: Connection = "live") -> None:
        """Note that the broker has not let us in, for this reason, in words."""
        now = clock.monotonic()
        note = self.centre.decisions.connections.refused
        self.centre.call(now, partial(note, connection, why, now))
        self._hand_out()

    def lost(self, connection: Connection = "live", *, is_taken_over: bool = False) -> None:
        """Hear nothing any more on a connection; ``is_taken_over``: by another client."""
        self.centre.lost(clock.monotonic(), connection, is_taken_over=is_taken_over)
        self._hand_out()

    def port_said(self, answer: Port) -> None:
        """Take in what the broker's port answered."""
        self.centre.port_said(clock.monotonic(), answer)
        self._hand_out()

    def change_inventory(self, expected: Fleet) -> None:
        """Expect another fleet from now on."""
        self.centre.change_inventory(clock.monotonic(), expected)
        self._hand_out()

    def put_off(self, hosts: Iterable[str], until: float) -> None:
        """Give no verdict on hosts before ``until``: this machine has no CPU for their agents."""
        self.centre.put_off(clock.monotonic(), hosts, until)
        self._hand_out()

    def begin_trouble(
        self,
        cause: Cause,
        why: str,
        figures: Mapping[str, Scalar] = MappingProxyType({}),
        *,
        since: float | None = None,
    ) -> None:
        """Note what is wrong with a part of us, since when (monotonic s), if that was before."""
        self.centre.begin_trouble(clock.monotonic(), cause, why, figures, since=since)
        self._hand_out()

    def end_trouble(self, cause: Cause) -> None:
        """Note that it is over."""
        self.centre.end_trouble(clock.monotonic(), cause)
        self._hand_out()

    def stored(self, tokens: Iterable[int]) -> None:
        """Note that stores are durable."""
        self.centre.stored(clock.monotonic(), *tokens)
        self._hand_out()

    def not_stored(self, token: int) -> None:
        """Note that the journal cannot take a store now."""
        self.centre.not_stored(clock.monotonic(), token)
        self._hand_out()

    def not_kept(self, tokens: Iterable[int], readings: Iterable[Number]) -> None:
        """Note that late readings were dropped before they were stored."""
        self.centre.not_kept(clock.monotonic(), tokens, readings)
        self._hand_out()

    def take_late(self, has_room: bool) -> None:  # noqa: FBT001 - a report of the journal
        """Take late readings from now on, or none."""
        self.centre.intake.take_backlogs(has_room)

    def store_all(self, then: Callable[[Iterable[int]], None]) -> None:
        """Have all that is known stored, piece by piece; then call ``then`` with what is open.

        That is after the outlets have got it, also where the core has other work first.
        """
        loop = asyncio.get_running_loop()
        store = self.centre.decisions.store
        names = [host.name for host in self.centre.fleet]
        numbers = [incident.number for incident in store.known()]
        longest = max(len(names), len(numbers))
        pieces = [
            (names[at : at + _PIECE], numbers[at : at + _PIECE]) for at in range(0, longest, _PIECE)
        ]

        def step() -> None:
            if pieces:
                self.centre.store_again(clock.monotonic(), *pieces.pop(0))
                self._hand_out()
                loop.call_soon(step)
            else:
                self.centre.call(clock.monotonic(), is_made)
                self._hand_out()

        def is_made() -> None:
            loop.call_soon(end)

        def end() -> None:
            self._hand_out()
            then([incident.number for incident in store.open.values()])

        step()

    def settled(self, ids: Sequence[str]) -> None:
        """Note that notices wait no more."""
        self.centre.notice_settled(clock.monotonic(), ids)
        self._hand_out()

    def _note_wall(self, now: float, wall: float) -> None:
        self._ahead_s = wall - now
        self._wall.note(now, wall)

    def _wake(self) -> None:
        now, wall = clock.monotonic(), clock.wall()
        self._note_wall(now, wall)
        late_s = 0.0 if self._timer is None else now - self._timer.when()
        self._timer = None
        self._metrics.note_lag(max(0.0, late_s), now)
        try:
            self.centre.woke(now, wall)
        except Exception:
            if self._loop is not None:  # nothing else may happen ever, as with no broker
                self._timer = self._loop.call_at(now + LOOK_EVERY_S, self._wake)
            raise
        self._hand_out()

    def _hand_out(self) -> None:
        if self._is_handing_out or self._loop is None:
            return
        self._is_handing_out = True
        try:
            while outputs := self.centre.take():
                for outlet in self.outlets:
                    self._hand(outlet, outputs)
        finally:
            self._is_handing_out = False
        due = max(self.centre.due(), clock.monotonic())  # at once, and not as if it were late
        if self._timer is not None:
            if self._timer.when() <= due:
                return  # it is never put off: a loop that always has something to read would starve
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._wake)

    def _hand(self, outlet: Outlet, outputs: Sequence[Output]) -> None:
        """Have an outlet take outputs; log each kind of its failures once, and count all."""
        try:
            outlet.take(outputs)
        except Exception as error:  # noqa: BLE001 - a bug in an outlet must not end the watching
            name = type(outlet).__name__
            self._metrics.count_failure()
            if (name, type(error)) not in self._failures:
                self._failures.add((name, type(error)))
                log.failure(_logger, "outlet_fails", error, outlet=name)
