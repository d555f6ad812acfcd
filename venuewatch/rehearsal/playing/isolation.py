"""Says which scenarios may be played at once, so that the core does not see one thing in two.

1. A venue plays one scenario at a time. One that hits the centre runs alone.
2. Hits on one subject are so far apart that it is not rightly called flapping (``plan/apart.py``).
3. Connections that end near one moment, by orders of different scenarios, are less than the core
   takes for one case (``hang_ups.py``). A connection ends when it is ordered to, each time where
   that is again and again, when the broker gives a silent client up, and when the client takes its
   session over.
4. Likewise venues that are lost near one moment (``centre_side.py``).

Limits are the core's own constants. Moments are seconds of the run's clock.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import msgspec

from aggregator.core.verdicts import centre_side, hang_ups
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.plan.apart import Rests
from venuewatch.rehearsal.scenario import Order, Scenario, Value, subject_of

NEAR_S: Final = hang_ups.TOGETHER_S + 0.5
"""Ends of connections are near one another within this (s)."""

VENUES_NEAR_S: Final = centre_side.TOGETHER_S + 1.0

_GIVE_UP: Final = 1.5  # keepalives (MQTT 5, 3.1.2.10)
_LOOK_S: Final = 5.0  # the broker looks for silent clients as often
_BACK_S: Final = 1.0  # a client that is back takes its old session over within this


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


class Isolation:
    """What is played, and what was. ``keepalive_s`` and ``hosts`` are of a venue by its code."""

    def __init__(self, keepalive_s: Callable[[str], float], hosts: Callable[[str], int]) -> None:
        self._keepalive_s = keepalive_s
        self._hosts = hosts
        self._rests = Rests()
        self._played: dict[int, Scenario] = {}
        self._spans: list[Spans] = []

    @property
    def count(self) -> int:
        """How many have their venues to themselves now."""
        return len(self._played)

    def may_begin(self, scenario: Scenario, now: float) -> bool:
        """Tell whether a scenario may begin at ``now``, also one that has its venues already."""
        others = [each for each in self._played.values() if each.number != scenario.number]
        if scenario.runs_alone and others:
            return False
        venues = set(scenario.venues)
        if any(other.runs_alone or venues & set(other.venues) for other in others):
            return False
        return self.has_rested(scenario, now) and self._is_apart(scenario, now)

    def has_rested(self, scenario: Scenario, now: float) -> bool:
        """Tell whether what a scenario hits has been left alone for long enough."""
        return self._rests.allow(scenario, now)

    def occupy(self, scenario: Scenario) -> None:
        """Note that it has its venues to itself from now on; nothing is hit yet."""
        self._played[scenario.number] = scenario

    def begin(self, scenario: Scenario, now: float) -> None:
        """Note that it begins."""
        self.occupy(scenario)
        self._rests.note(scenario, now)
        over_by = now - VENUES_NEAR_S
        self._spans = [each for each in self._spans if any(span.end > over_by for span in each)]
        for order in scenario.orders:
            if spans := tuple(self._spans_of(order, now + order.at_s)):
                self._spans.append(spans)

    def end(self, scenario: Scenario) -> None:
        """Note that it is over."""
        del self._played[scenario.number]

    def spans(self, scenario: Scenario, now: float) -> Iterator[Span]:
        """Yield when connections may end if the scenario begins at ``now``."""
        for order in scenario.orders:
            yield from self._spans_of(order, now + order.at_s)

    def _spans_of(self, order: Order, at: float) -> Iterator[Span]:
        connections = venues = 0
        keepalives_s = []
        for text in order.targets:
            subject = subject_of(text)
            if subject.scope == "venue":
                venues += 1
                connections += self._hosts(subject.venue)
            elif subject.scope == "host":
                connections += 1
            else:
                continue
            keepalives_s.append(self._keepalive_s(subject.venue))
        if not connections:
            return
        for start, spread_s, ends_at in _falls_of(order, at):
            yield Span(start, start + spread_s, connections, venues)
            given_up_at = start + _GIVE_UP * min(keepalives_s)
            if given_up_at < ends_at + _LOOK_S:
                last = start + spread_s + _GIVE_UP * max(keepalives_s) + _LOOK_S
                yield Span(given_up_at, min(last, ends_at + _LOOK_S), connections, 0)
            yield Span(ends_at, ends_at + _BACK_S, connections, 0)

    def _is_apart(self, scenario: Scenario, now: float) -> bool:
        own = [tuple(self._spans_of(order, now + order.at_s)) for order in scenario.orders]
        for at, spans in enumerate(own):
            beside = own[:at] + own[at + 1 :]
            if not all(self._is_span_apart(span, beside) for span in spans):
                return False
        return True

    def _is_span_apart(self, span: Span, beside: Sequence[Spans]) -> bool:
        """Tell whether a span is apart from what runs; ``beside``: its scenario's other orders."""
        others = [_near_to(span, spans, NEAR_S) for spans in self._spans]
        if any(others):
            near = [*others, *(_near_to(span, spans, NEAR_S) for spans in beside)]
            most = (max((one.connections for one in each), default=0) for each in near)
            if span.connections + sum(most) >= hang_ups.LEAST:
                return False
        others = [_near_to(span, spans, VENUES_NEAR_S) for spans in self._spans]
        if not span.venues or not any(one.venues for each in others for one in each):
            return True
        near = [*others, *(_near_to(span, spans, VENUES_NEAR_S) for spans in beside)]
        lost = (max((one.venues for one in each), default=0) for each in near)
        return span.venues + sum(lost) < centre_side.LEAST


def _near_to(span: Span, others: Spans, within_s: float) -> Spans:
    return tuple(other for other in others if span.is_near(other, within_s))


def _falls_of(order: Order, at: float) -> Iterator[tuple[float, float, float]]:
    """Yield when (s) what an order hits falls, for how long it spreads, and when it is back."""
    fields = {**_defaults(order.fault), **order.fields}
    falls, every_s, down_s, spread_s = (
        float(fields.get(name, 0.0)) for name in ("falls", "every_s", "down_s", "within_s")
    )
    if not falls:
        yield at, spread_s, at + order.lasts_s
    for number in range(int(falls)):
        start = at + number * every_s
        yield start, spread_s, start + down_s


@cache
def _defaults(fault: str) -> Mapping[str, Value]:
    fields = msgspec.structs.fields(faults.load(fault))
    return {
        each.name: each.default
        for each in fields
        if isinstance(each.default, bool | int | float | str)
    }
