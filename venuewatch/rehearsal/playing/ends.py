"""Says when an order of a scenario ends connections, and how many.

Each fault names which of these it does (``Fault.ENDS``):

==============  ===============================================================================
``begin``       a process ends, or a firewall forgets: its connection is closed as it begins
``left``        a client that hears nothing gives its broker up, and can still say so
``unanswered``  the broker gives a client up that was silent for 1.5 keepalives; it looks every 5 s
``mend``        a client that was not given up is back, and takes its old session over
==============  ===============================================================================

A fault that comes again and again does it each time. Moments are seconds of the run's clock.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import msgspec

from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import End
from venuewatch.rehearsal.scenario import Order, Value, subject_of

LOOK_EVERY_S: Final = 5.0
"""How often (s) the broker looks for silent clients."""

_GIVE_UP: Final = 1.5  # keepalives (MQTT 5, 3.1.2.10)
_BACK_S: Final = 1.0  # a client that is back takes its old session over within this
_AGAIN_S: Final = 5.0  # one that has left its connection asks for another within this
_LEFT_S: Final = 2.0  # a client that hears nothing leaves within this after its keepalive
_HEARD_S: Final = 1.2  # a client was last heard so long before it fell silent
_ON_WAY_S: Final = 1.0  # and its last packet was so long under way
_LONG_WAY_S: Final = 3.0  # so long takes a last word that is sent again, on a long way
_SHORT_S: Final = 5.0  # the keepalive of a short way

Look: TypeAlias = Callable[[float], float | None]
"""Returns when (s) the broker looks first at a moment or after it; None where that is not known."""


def any_time(_at: float) -> None:
    """Know no look of the broker."""


class Span(NamedTuple):
    """From ``start`` to ``end`` (s) so many connections may end, and venues be lost."""

    start: float
    end: float
    connections: int
    venues: int

    def is_near(self, other: "Span", within_s: float) -> bool:
        """Tell whether two spans come as near to each other as this (s)."""
        return self.start < other.end + within_s and other.start < self.end + within_s


Spans: TypeAlias = tuple[Span, ...]
"""Those of one order. Near one moment they are of the same hosts, each of which counts once."""


class _Fall(NamedTuple):
    """One fall of what an order hits (s since its scenario's begin): it may spread, and is back."""

    start: float
    spread_s: float
    back_at: float


class Ends:
    """The ends of one order. ``keepalive_s`` and ``hosts`` are of a venue by its code."""

    def __init__(
        self, order: Order, keepalive_s: Callable[[str], float], hosts: Callable[[str], int]
    ) -> None:
        self._connections = self._venues = 0
        keepalives_s = []
        for text in order.targets:
            subject = subject_of(text)
            if subject.scope == "venue":
                self._venues += 1
                self._connections += hosts(subject.venue)
            elif subject.scope == "host":
                self._connections += 1
            else:
                continue
            keepalives_s.append(keepalive_s(subject.venue))
        is_any = bool(self._connections)
        self._ends = _ends_of(order.fault) if is_any else frozenset[End]()
        self._falls = tuple(_falls_of(order)) if is_any else ()
        self._least_s, self._most_s = min(keepalives_s, default=0.0), max(keepalives_s, default=0.0)

    def spans(self, began_at: float, look: Look) -> Iterator[Span]:
        """Yield when connections may end if the scenario began then."""
        if not self._ends:
            return
        for fall in self._falls:
            start, spread_s, back_at = began_at + fall.start, fall.spread_s, began_at + fall.back_at
            at_once = self._connections if "begin" in self._ends else 0
            if at_once or self._venues:
                under_way_s = _LONG_WAY_S if self._most_s > _SHORT_S else 0.0
                yield Span(start, start + spread_s + under_way_s, at_once, self._venues)
            if "left" in self._ends and start + self._least_s < back_at:
                left_by = start + spread_s + self._most_s + _LEFT_S
                yield Span(start + self._least_s - _HEARD_S, left_by, self._connections, 0)
            given_up = self._given_up(start, spread_s, back_at, look)
            if "unanswered" in self._ends:
                yield from (span for span in given_up if span.start < back_at + LOOK_EVERY_S)
            is_over = "unanswered" in self._ends and given_up[-1].end < back_at
            if "mend" in self._ends and not is_over:
                has_left = back_at - start > self._least_s - _HEARD_S
                back_by = back_at + (_AGAIN_S if has_left else _BACK_S)
                yield Span(back_at, back_by, self._connections, 0)

    def _given_up(self, start: float, spread_s: float, back_at: float, look: Look) -> Spans:
        """Return when the broker gives up those that have been silent since a fall."""
        first = start + _GIVE_UP * self._least_s
        last = start + spread_s + _GIVE_UP * self._most_s
        at, last_look = look(first - _HEARD_S), look(last + _ON_WAY_S)
        if at is None or last_look is None:
            end = last + LOOK_EVERY_S
            return (
                Span(first, min(end, max(first, back_at + LOOK_EVERY_S)), self._connections, 0),
            )
        looks = [at]
        while looks[-1] < last_look - LOOK_EVERY_S / 2:
            looks.append(looks[-1] + LOOK_EVERY_S)
        return tuple(Span(each, each, self._connections, 0) for each in looks)


def _falls_of(order: Order) -> Iterator[_Fall]:
    fields = {**_defaults(order.fault), **order.fields}
    falls, every_s, down_s, spread_s = (
        float(fields.get(name, 0.0)) for name in ("falls", "every_s", "down_s", "within_s")
    )
    if not falls:
        yield _Fall(order.at_s, spread_s, order.at_s + order.lasts_s)
    for number in range(int(falls)):
        start = order.at_s + number * every_s
        yield _Fall(start, spread_s, start + down_s)


@cache
def _ends_of(fault: str) -> frozenset[End]:
    return faults.load(fault).ENDS


@cache
def _defaults(fault: str) -> Mapping[str, Value]:
    fields = msgspec.structs.fields(faults.load(fault))
    return {
        each.name: each.default
        for each in fields
        if isinstance(each.default, bool | int | float | str)
    }
