"""Decides what a guardian has to undo and when, and does nothing itself.

1. A controller's **order** says how a fault is undone, and how long (s) the fault may last at most.
2. Each message of the controller renews its **lease**. Where that runs out, the controller hangs or
   stands still, and every fault is due. The parts of the stage are not: it may go on.
3. A fault is due, too, when its length is over, whatever the controller does.
4. After an **abort** every fault is due, and a fault that is ordered later is due at once.
5. Where the controller has ended, all is due. No program is started again then on a stage that
   ends, too.
"""

from typing import Final, Literal

import msgspec

Command = tuple[str, ...]
Why = Literal["the controller stood still", "its fixed length was over", "the run was aborted"]

ABORTED: Final = "the run was aborted"
STOOD_STILL: Final = "the controller stood still"
OVER: Final = "its fixed length was over"

BEGINNING_S: Final = 0.5
"""How long (s) after its order a fault has surely begun, so that it can be undone."""


class Line(msgspec.Struct, frozen=True, tag="line"):
    """An uplink, by the address of its process: undone is that it carries packets as made."""

    address: str


class Run(msgspec.Struct, frozen=True, tag="run"):
    """A command that undoes a fault, and is harmless where there is nothing to undo.

    ``is_start``: it starts a program of the stage, which ends with the stage.
    """

    words: Command
    is_start: bool = False


Undo = Line | Run


def is_start(undo: Undo) -> bool:
    """Tell whether something is undone by the start of a program."""
    return isinstance(undo, Run) and undo.is_start


class Order(msgspec.Struct, frozen=True):
    """One line from the controller: without ``undo`` fault ``number`` is over.

    Number 0 renews the lease alone. ``lasts_s``: the longest that it may last; None: no limit.
    ``is_part``: a part of the stage and no fault.
    """

    number: int
    undo: Undo | None = None
    lasts_s: float | None = None
    is_part: bool = False


class Holding(msgspec.Struct, frozen=True, tag="holding"):
    """One line to the controller: the guardian holds fault ``number``, so that it may begin."""

    number: int


class Undone(msgspec.Struct, frozen=True, tag="undone"):
    """One line to the controller: these faults are over, and why; what went wrong, in words."""

    numbers: tuple[int, ...]
    why: Why
    failed: tuple[str, ...] = ()


class Held:
    """All that a guardian holds. ``now`` is monotonic s; without ``lease_s`` there is no lease."""

    def __init__(self, lease_s: float | None, now: float) -> None:
        self._lease_s = lease_s
        self._heard_at = now
        self._orders: dict[int, Order] = {}
        self._due_at: dict[int, float] = {}
        self._is_aborted = False

    def receive(self, order: Order, now: float) -> None:
        """Hold what an order says, or forget it."""
        self._heard_at = now
        self._orders.pop(order.number, None)
        self._due_at.pop(order.number, None)
        if order.undo is None:
            return
        self._orders[order.number] = order
        if self._is_aborted and not order.is_part:
            self._due_at[order.number] = now + BEGINNING_S
        elif order.lasts_s is not None:
            self._due_at[order.number] = now + order.lasts_s

    def abort(self) -> None:
        """Let every fault be due at once, and each that comes later."""
        self._is_aborted = True
        for number, order in self._orders.items():
            if not order.is_part:
                self._due_at[number] = self._heard_at

    def deadline(self) -> float | None:
        """Return when something is due; None: never, as long as nothing comes."""
        moments = list(self._due_at.values())
        if self._lease_s is not None and any(not each.is_part for each in self._orders.values()):
            moments.append(self._heard_at + self._lease_s)
        return min(moments, default=None)

    def take_due(self, now: float) -> tuple[list[tuple[int, Undo]], Why]:
        """Return what has to be undone now, the latest first, and why; it is held no more."""
        why: Why = ABORTED if self._is_aborted else OVER
        due = {number for number, at in self._due_at.items() if at <= now}
        if self._lease_s is not None and now >= self._heard_at + self._lease_s:
            faults = {number for number, order in self._orders.items() if not order.is_part}
            if faults - due and not self._is_aborted:
                why = STOOD_STILL
            due |= faults
        return self._take(due), why

    @property
    def holds_stage(self) -> bool:
        """Whether a part of the stage ends with the controller."""
        return any(order.is_part for order in self._orders.values())

    def take_all(self) -> list[tuple[int, Undo]]:
        """Return all that is to be undone, the latest first: the controller has ended."""
        ends_stage = self.holds_stage
        taken = self._take(set(self._orders))
        return [(number, undo) for number, undo in taken if not (ends_stage and is_start(undo))]

    def _take(self, numbers: set[int]) -> list[tuple[int, Undo]]:
        taken = []
        for number in sorted(numbers, reverse=True):
            self._due_at.pop(number, None)
            undo = self._orders.pop(number).undo
            if undo is not None:
                taken.append((number, undo))
        return taken
