"""Says which scenarios may be played at once, so that the core does not see one thing in two.

1. A venue plays one scenario at a time. One that hits the centre runs alone.
2. Hits on one subject are so far apart that it is not rightly called flapping (``plan/apart.py``).
3. Connections that end near one moment, by orders of different scenarios, are less than the core
   takes for one case (``hang_ups.py``). A connection ends when it is ordered to, when the broker
   gives a silent client up, and when the client takes its session over.
4. Likewise venues that are lost near one moment (``centre_side.py``).

Limits are the core's own constants. Moments are seconds of the run's clock.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from aggregator.core.verdicts import centre_side, hang_ups
from venuewatch.rehearsal.plan.apart import Rests
from venuewatch.rehearsal.scenario import Order, Scenario, subject_of

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


class Isolation:
    """What is played, and what was. ``keepalive_s`` and ``hosts`` are of a venue by its code."""

    def __init__(self, keepalive_s: Callable[[str], float], hosts: Callable[[str], int]) -> None:
        self._keepalive_s = keepalive_s
        self._hosts = hosts
        self._rests = Rests()
        self._played: dict[int, Scenario] = {}
        self._spans: list[tuple[int, Span]] = []

    def may_begin(self, scenario: Scenario, now: float) -> bool:
        """Tell whether a scenario may begin at ``now``."""
        others = self._played.values()
        if scenario.runs_alone and others:
            return False
        venues = set(scenario.venues)
        if any(other.runs_alone or venues & set(other.venues) for other in others):
            return False
        return self._rests.allow(scenario, now) and self._is_apart(scenario, now)

    def begin(self, scenario: Scenario, now: float) -> None:
        """Note that it begins."""
        self._played[scenario.number] = scenario
        self._rests.note(scenario, now)
        self._spans = [each for each in self._spans if each[1].end > now - VENUES_NEAR_S]
        self._spans += [(scenario.number, span) for span in self.spans(scenario, now)]

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
        ends_at = at + order.lasts_s
        yield Span(at, at, connections, venues)
        given_up_at = at + _GIVE_UP * min(keepalives_s)
        if given_up_at < ends_at + _LOOK_S:
            last = at + _GIVE_UP * max(keepalives_s) + _LOOK_S
            yield Span(given_up_at, min(last, ends_at + _LOOK_S), connections, 0)
        yield Span(ends_at, ends_at + _BACK_S, connections, 0)

    def _is_apart(self, scenario: Scenario, now: float) -> bool:
        for span in self.spans(scenario, now):
            near = [other for _, other in self._spans if span.is_near(other, NEAR_S)]
            ends = span.connections + sum(other.connections for other in near)
            if near and ends >= hang_ups.LEAST:
                return False
            lost = [
                other.venues
                for _, other in self._spans
                if other.venues and span.venues and span.is_near(other, VENUES_NEAR_S)
            ]
            if lost and span.venues + sum(lost) >= centre_side.LEAST:
                return False
        return True
