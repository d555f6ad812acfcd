"""Says which scenarios may be played at once, so that the core does not see one thing in two.

1. A venue plays one scenario at a time. One that hits the centre runs alone.
2. Hits on one subject are so far apart that it is not rightly called flapping (``plan/apart.py``).
3. Connections that end near one moment, by orders of different scenarios, are less than the core
   takes for one case (``hang_ups.py``). When an order ends connections is in ``playing/ends.py``.
4. Likewise venues that are lost near one moment (``centre_side.py``).
5. A part of the centre that was hit is left alone for a minute (``playing/centre_rests.py``).

Limits are the core's own constants. Moments are seconds of the run's clock.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from aggregator.core.verdicts import centre_side, hang_ups
from venuewatch.rehearsal.plan.apart import Rests
from venuewatch.rehearsal.playing.centre_rests import CentreRests
from venuewatch.rehearsal.playing.ends import Ends, Look, Span, Spans, any_time
from venuewatch.rehearsal.scenario import Scenario

NEAR_S: Final = hang_ups.TOGETHER_S + 0.5
"""Ends of connections are near one another within this (s)."""

VENUES_NEAR_S: Final = centre_side.TOGETHER_S + 1.0

Obstacle: TypeAlias = Literal["to be alone", "for their venues", "for a rest", "to be kept apart"]
"""What a scenario waits for that may not begin."""


class _Known(NamedTuple):
    """A scenario, and what each of its orders ends."""

    scenario: Scenario
    orders: tuple[Ends, ...]


class Isolation:
    """What is played, and what was. ``keepalive_s`` and ``hosts`` are of a venue by its code.

    ``look``: when the broker looks for silent clients, where that is known.
    """

    def __init__(
        self,
        keepalive_s: Callable[[str], float],
        hosts: Callable[[str], int],
        look: Look = any_time,
    ) -> None:
        self._keepalive_s = keepalive_s
        self._hosts = hosts
        self._look = look
        self._rests = Rests()
        self._played: dict[int, Scenario] = {}
        self._known: dict[int, _Known] = {}
        self._spans: list[Spans] = []
        self._centre = CentreRests()

    @property
    def count(self) -> int:
        """How many have their venues to themselves now."""
        return len(self._played)

    def may_begin(self, scenario: Scenario, now: float) -> bool:
        """Tell whether a scenario may begin at ``now``, also one that has its venues already."""
        return self.obstacle(scenario, now) is None

    def obstacle(self, scenario: Scenario, now: float) -> Obstacle | None:
        """Return why a scenario may not begin at ``now``; None if it may."""
        others = [each for each in self._played.values() if each.number != scenario.number]
        if scenario.runs_alone and others:
            return "to be alone"
        venues = set(scenario.venues)
        if any(other.runs_alone or not venues.isdisjoint(other.venues) for other in others):
            return "for their venues"
        if not self.has_rested(scenario, now):
            return "for a rest"
        return None if self._is_apart(scenario, now) else "to be kept apart"

    def has_rested(self, scenario: Scenario, now: float) -> bool:
        """Tell whether what a scenario hits has been left alone for long enough."""
        return self._centre.left_s(scenario, now) <= 0.0 and self._rests.allow(scenario, now)

    def rests_for_centre(self, scenario: Scenario, now: float) -> bool:
        """Tell whether nothing but a part of the centre has to be left alone, a minute at most."""
        return self._centre.left_s(scenario, now) > 0.0 and self._rests.allow(scenario, now)

    def rest_left_s(self, scenario: Scenario, now: float) -> float:
        """Return how long (s) it has to be left alone, if nothing else is hit meanwhile."""
        return max(self._centre.left_s(scenario, now), self._rests.left_s(scenario, now))

    def ends_any(self, scenario: Scenario, now: float) -> bool:
        """Tell whether a scenario may end connections, or lose venues, if it begins at ``now``."""
        return any(self._spans_of(scenario, now))

    def occupy(self, scenario: Scenario) -> None:
        """Note that it has its venues to itself from now on; nothing is hit yet."""
        self._played[scenario.number] = scenario

    def begin(self, scenario: Scenario, now: float) -> None:
        """Note that it begins."""
        self.occupy(scenario)
        self._rests.note(scenario, now)
        over_by = now - VENUES_NEAR_S
        self._spans = [each for each in self._spans if any(span.end > over_by for span in each)]
        self._spans += [spans for spans in self._spans_of(scenario, now) if spans]

    def end(self, scenario: Scenario, now: float) -> None:
        """Note that it is over."""
        del self._played[scenario.number]
        self._centre.note_end(scenario, now)

    def spans(self, scenario: Scenario, now: float) -> Iterator[Span]:
        """Yield when connections may end if the scenario begins at ``now``."""
        for spans in self._spans_of(scenario, now):
            yield from spans

    def _spans_of(self, scenario: Scenario, now: float) -> list[Spans]:
        """Return when connections may end, by order."""
        known = self._known.get(scenario.number)
        if known is None or known.scenario is not scenario:
            orders = (Ends(order, self._keepalive_s, self._hosts) for order in scenario.orders)
            known = self._known[scenario.number] = _Known(scenario, tuple(orders))
        return [tuple(order.spans(now, self._look)) for order in known.orders]

    def _is_apart(self, scenario: Scenario, now: float) -> bool:
        own = self._spans_of(scenario, now)
        for at, spans in enumerate(own):
            beside = own[:at] + own[at + 1 :]
            if not all(self._is_span_apart(span, beside) for span in spans):
                return False
        return True

    def _is_span_apart(self, span: Span, beside: Sequence[Spans]) -> bool:
        """Tell whether a span is apart from what runs; ``beside``: its scenario's other orders."""
        if span.connections:
            others = _connections_near(span, self._spans)
            if others and (
                span.connections + others + _connections_near(span, beside) >= hang_ups.LEAST
            ):
                return False
        if span.venues:
            others = _venues_near(span, self._spans)
            lost = span.venues + others + _venues_near(span, beside)
            return not others or lost < centre_side.LEAST
        return True


def _connections_near(span: Span, orders: Sequence[Spans]) -> int:
    """Return how many connections orders may end near a span; those of one order are the same."""
    count = 0
    for spans in orders:
        near = [other.connections for other in spans if span.is_near(other, NEAR_S)]
        count += max(near, default=0)
    return count


def _venues_near(span: Span, orders: Sequence[Spans]) -> int:
    """Return how many venues orders may lose near a span."""
    count = 0
    for spans in orders:
        near = [other.venues for other in spans if span.is_near(other, VENUES_NEAR_S)]
        count += max(near, default=0)
    return count
