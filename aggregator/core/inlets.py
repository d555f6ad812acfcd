"""Inlets: what is around every call of one, so that a call is all that a driver has to make.

1. While the core is forked, or the work of an earlier call is not done, the call waits.
2. Had the driver come later than it was promised, every deadline is credited with that.
3. Whatever was due before is decided before.
4. The call is made. What became true is stored, and it is promised when to come again.

A storm is gone through a slice at a time (``slices.py``); then the driver is to come again at once.
Calls that come meanwhile only wait: a hundred of them together are no hundred slices.
Times are monotonic seconds.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from aggregator.core.decisions import Decisions
from aggregator.core.forking import Held
from aggregator.core.host import INF
from aggregator.core.outputs import Output
from aggregator.core.slices import CROWDED, MESSAGES_OF_CALLS, SLICE, UNREAD_MAX, WAITING_MAX

LOOK_EVERY_S = 0.1
"""How often (s) the driver is woken at least, to notice its own lag."""

_P = ParamSpec("_P")


class Inlets(ABC):
    """The way into a core. ``outputs`` is where it appends what comes of the calls.

    Attributes:
        decisions: what is decided.
        held: the calls that wait while it is forked.
        waiting: the calls that wait for the rest of an earlier one's work, each with its time.
        unread: the messages in these.
    """

    def __init__(self, decisions: Decisions, outputs: list[Output]) -> None:
        self.decisions = decisions
        self.held = Held()
        self.waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self.unread = 0
        self._outputs = outputs
        self._is_begun = False
        self._taken = 0  # messages, and calls, since the slice began
        self._works_at = -INF  # when the present slice is done, of calls that may have waited

    @property
    def is_behind(self) -> bool:
        """Whether work is left of calls that were made."""
        return bool(self.waiting) or self.decisions.rest.is_left

    def finish(self, now: float) -> None:
        """Do all the work that is left."""
        while self.is_behind:
            self.decisions.rest.finish()
            self._go_on(now)

    def call(self, now: float, act: Callable[[], None]) -> None:
        """Make a call that came at ``now``, or let it wait."""
        if self.held.is_on:
            self.held.keep(partial(self.call, now, act), now + LOOK_EVERY_S)
            return
        waits = self.waiting or self.decisions.rest.is_left
        self.waiting.append((now, act))
        if not waits or len(self.waiting) > CROWDED:
            self._go_on(now)
        if len(self.waiting) > WAITING_MAX:
            self.finish(now)

    def woke(self, now: float, wall: float | None = None) -> None:
        """Go on with what is left, or decide what is due, and send the tick.

        ``wall`` (s since 1970) tells of a jump of the clock where no message comes.
        """
        is_behind = self.is_behind
        self._woke(now, wall)
        if is_behind and not self.held.is_on:
            self._go_on(now)

    def stalled(self, now: float, start: float) -> None:
        """Credit every deadline with the time from ``start``, in which the driver did not run.

        What was due by ``start`` is decided before, and nothing after it.
        """
        self.call(start, partial(self._credit_stall, start, now))

    def read_up(self, now: float) -> None:
        """Go on until no more messages wait than may: then reading itself has to wait."""
        if self.held.is_on:
            return
        while self.unread > UNREAD_MAX and self.waiting:
            self._go_on(now)
        if not self.waiting:
            self.unread = 0  # also of a call that failed

    def _read(self, messages: int) -> None:
        """Note that so many messages wait no more."""
        self._taken += messages
        self.unread -= messages

    def _go_on(self, now: float) -> None:
        """Do a slice of the work of all calls that wait."""
        waiting, decisions = self.waiting, self.decisions
        enough = len(self._outputs) + SLICE
        self._taken, self._works_at = 0, now
        while waiting:
            at, act = waiting[0]
            if self._is_begun:
                decisions.rest.go_on(SLICE)
            else:
                until = self._decided_until(at)
                is_due = decisions.rest.is_left or decisions.due_at <= until
                if is_due and not decisions.advance(until, SLICE):
                    self._end(now)
                    return
                self._begin(at)
            self._is_begun = decisions.rest.is_left  # a long lag of a big fleet is credited
            if self._is_begun:
                return
            waiting.popleft()
            act()
            self._end(at)
            self._taken += 1
            is_enough = len(self._outputs) > enough or self._taken > MESSAGES_OF_CALLS
            if decisions.rest.is_left or (waiting and is_enough):
                return

    @abstractmethod
    def _woke(self, now: float, wall: float | None) -> None: ...

    @abstractmethod
    def _decided_until(self, at: float) -> float:
        """Return by when all has to be decided before a call that came at ``at``."""

    @abstractmethod
    def _begin(self, now: float) -> None: ...

    @abstractmethod
    def _credit_stall(self, start: float, now: float) -> None: ...

    @abstractmethod
    def _end(self, now: float) -> None: ...


_InletsT = TypeVar("_InletsT", bound=Inlets)


def inlet(
    act: Callable[Concatenate[_InletsT, float, _P], None],
) -> Callable[Concatenate[_InletsT, float, _P], None]:
    """Make a method an inlet."""

    @wraps(act)
    def call(core: _InletsT, now: float, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        core.call(now, partial(act, core, now, *args, **kwargs))

    return call
