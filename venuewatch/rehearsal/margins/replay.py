"""Plays a trace to the real core: everything around a disturbance, little of the rest.

Where every beat comes in time for so long that the core remembers nothing before, whole seconds
are left out of the core's clock. In its world less time passed. No event shows the difference
(``tests/rehearsal/margins/test_skipping.py``).
"""

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from agent.config import KEEPALIVE_S
from aggregator.core.suspension import TOGETHER_S
from venuewatch.base.wire.messages import Probe
from venuewatch.rehearsal.margins.core import Accusation, Core
from venuewatch.rehearsal.margins.links import CENTRE, HOST, LINKS
from venuewatch.rehearsal.margins.outages import Span, joined
from venuewatch.rehearsal.margins.path import ReceivedBeat
from venuewatch.rehearsal.margins.trace import CALM_S, HostTrace, Trace

REMEMBERED_S = 900.0
"""For how long (s) after an accusation everything is played: three half-lives of flap damping."""

WARM_S = 6.0
"""For how long (s) before a disturbance everything is played."""

SETTLE_S = 12.0
"""For how long (s) after it: three steady beats, and the end of every inquiry."""

_CANARY_S = 0.002
_LAN_S = 0.01


class Replayed(NamedTuple):
    """The core's answer to a trace, with the trace's times (s).

    ``unsettled``: hosts that were neither up nor late when peace had returned, and incidents that
    were open at the end.
    ``played_s``: how much of the trace was played.
    """

    accusations: list[Accusation]
    oddities: list[str]
    changes: list[tuple[float, str, str]]
    centre: int
    unsettled: int
    played_s: float


def core_for(trace: Trace, margin_s: float | None) -> Core:
    """Return a core that expects the hosts of ``trace``."""
    venues: dict[str, list[str]] = {}
    for host in trace.hosts:
        venues.setdefault(host.venue, []).append(host.name)
    return Core(trace.spec.link, venues, margin_s, stock_tcp=trace.spec.tcp.is_stock)


def replay(
    trace: Trace,
    *,
    margin_s: float | None = None,
    worth_s: float,
    remembered_s: float = REMEMBERED_S,
    is_whole: bool = False,
) -> Replayed:
    """Play ``trace`` to a new core; ``margin_s`` replaces that of its class of link.

    ``worth_s``: how late (s) a beat must be for its surroundings to be played. Below the margin
    no accusation is missed, below the patience no change of any state. ``remembered_s``: see
    :data:`REMEMBERED_S`. ``is_whole`` plays all.
    """
    player = Player(trace, core_for(trace, margin_s))
    until = trace.spec.until
    cuts = Cuts(trace)
    spans = [Span(0.0, until)] if is_whole else worth_playing(trace, worth_s, cuts)
    while spans:
        span = spans.pop(0)
        fallen_at = player.play(span.start, span.end)
        while fallen_at + remembered_s > player.played_to and player.played_to < until:
            end = min(until, cuts.after(fallen_at + remembered_s))
            while spans and spans[0].start <= end:
                end = max(end, spans.pop(0).end)
            fallen_at = player.play(player.played_to, end)
    return player.result()


class Cuts:
    """Where a trace may be cut: whole seconds (s) at which no host is disturbed.

    Within a disturbance the halves of two short silences, joined by the leap between them, would
    be a long one.
    """

    def __init__(self, trace: Trace) -> None:
        self._disturbed = joined(
            Span(math.floor(due(episode.first)), math.floor(due(episode.end - 1)) + 1)
            for due, episodes in ((host.rhythm.due, host.episodes) for host in trace.hosts)
            for episode in episodes
        )
        self._starts = [span.start for span in self._disturbed]

    def before(self, at: float) -> float:
        """Return the last one that is not after ``at``."""
        second = math.floor(at)
        within = self._within(second)
        return second if within is None else within.start

    def after(self, at: float) -> float:
        """Return the first one that is not before ``at``."""
        second = math.ceil(at)
        within = self._within(second)
        return second if within is None else within.end

    def _within(self, second: int) -> Span | None:
        last = bisect_left(self._starts, second) - 1
        is_within = last >= 0 and second < self._disturbed[last].end
        return self._disturbed[last] if is_within else None


def worth_playing(trace: Trace, worth_s: float, cuts: Cuts) -> list[Span]:
    """Return, in order and apart, what must be played: from cut to cut.

    Every stall of the centre, every will, and every silence or beat that is later than ``worth_s``,
    each with what is before and after it. A beat that was lost is none of these by itself: what
    counts is for how long nothing came. After a stall so much is played that the next one is
    another matter, as it is in the trace.
    """
    stalls = (*trace.broker_stalls, *trace.aggregator_stalls)
    spans = [Span(0.0, CALM_S), *(Span(it.start, it.end + TOGETHER_S) for it in stalls)]
    for host in trace.hosts:
        spans.extend(_late(host, worth_s))
        spans.extend(Span(will.at, will.at) for will in host.wills())
    return [
        Span(span.start, min(span.end, trace.spec.until))
        for span in joined(
            Span(max(0.0, cuts.before(span.start - WARM_S)), cuts.after(span.end + SETTLE_S))
            for span in spans
        )
    ]


def _late(host: HostTrace, worth_s: float) -> Iterable[Span]:
    """Yield the episodes of ``host`` with a silence, or with a beat, that was late by more."""
    rhythm = host.rhythm
    for episode in host.episodes:
        silences = list(host.silences_in(episode))
        if any(silence.over_s > worth_s for silence in silences) or any(
            heard.at - rhythm.due(heard.number) - rhythm.way_s > worth_s for heard in episode.heard
        ):
            yield Span(silences[0].start, silences[-1].end)


class Player:
    """Plays a trace to a core, span by span, in order of time.

    Neighbours that are asked reach every host but the one that is ``dead``.

    Attributes:
        played_to: up to when (s, of the trace) it has been played.
    """

    def __init__(self, trace: Trace, core: Core, *, dead: str | None = None) -> None:
        self._trace = trace
        self._dead = dead
        self._core = core
        self._way_s = LINKS[trace.spec.link].rtt_s / 2
        self._keepalive_s = KEEPALIVE_S[LINKS[trace.spec.link].link]
        self._told_stall: Span | None = None
        self._wills = sorted(
            (will.at, host.name, will) for host in trace.hosts for will in host.wills()
        )
        self._sessions = dict.fromkeys((host.name for host in trace.hosts), 0)
        self._skipped = 0
        self._shifts: list[tuple[float, int]] = [(-math.inf, 0)]
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        self._ticket = 0
        self._unsettled = 0
        self._played_s = 0.0
        self.played_to = 0.0
        core.opened(0.0)

    def play(self, start: float, end: float) -> float:
        """Play from ``start`` to ``end``, whole seconds; return when (s) a host last fell."""
        core = self._core
        self._skip_to(start)
        for second in range(math.floor(self.played_to), math.floor(end)):
            self._push(float(second), self._tick)
        for host in self._trace.hosts:
            first = host.rhythm.first_due(self.played_to) if self.played_to else 0
            for heard in host.between(first, host.rhythm.first_due(end)):
                self._push_beat(host, heard)
        while self._wills and self._wills[0][0] < end:
            at, name, will = self._wills.pop(0)
            self._push_through_broker(at, partial(self._core.will, name, will.session))
        self._drain(end)
        core.advance(end - self._skipped)
        self._played_s += end - self.played_to
        self.played_to = end
        self._unsettled += len(core.wronged())
        return self._trace_time(core.accusations[-1].at) if core.accusations else -math.inf

    def result(self) -> Replayed:
        """Return what came of it."""
        core = self._core
        return Replayed(
            [
                Accusation(self._trace_time(at), host, self._trace_time(since))
                for at, host, since in core.accusations
            ],
            core.oddities,
            [(self._trace_time(at), host, state) for at, host, state in core.changes],
            core.centre,
            self._unsettled + core.open_incidents,
            self._played_s,
        )

    def _skip_to(self, start: float) -> None:
        """Leave out whole seconds; what is under way arrives as if they had not been."""
        leap = math.floor(start - self.played_to)
        if leap <= 0:
            return
        self._queue = [(at + leap, ticket, act) for at, ticket, act in self._queue]
        heapq.heapify(self._queue)
        self._skipped += leap
        self.played_to += leap
        self._shifts.append((self.played_to - self._skipped, self._skipped))

    def _trace_time(self, core_time: float) -> float:
        shift = 0
        for since, skipped in self._shifts:
            if core_time < since:
                break
            shift = skipped
        return core_time + shift

    def _push(self, at: float, act: Callable[[float], None]) -> None:
        """Have something reach the centre at ``at`` (s of the trace), or after its stall.

        ``act`` gets the core's time (s).
        """
        stall = self._within(self._trace.aggregator_stalls, at)
        at = at if stall is None else stall.end
        self._ticket += 1
        heapq.heappush(self._queue, (at, self._ticket, lambda now: act(now - self._skipped)))

    def _push_through_broker(self, at: float, act: Callable[[float], None]) -> None:
        stall = self._within(self._trace.broker_stalls, at)
        self._push(at if stall is None else stall.end, act)

    @staticmethod
    def _within(spans: Iterable[Span], at: float) -> Span | None:
        return next((span for span in spans if span.start <= at < span.end), None)

    def _push_beat(self, host: HostTrace, heard: ReceivedBeat) -> None:
        skipped = self._skipped

        def hear(now: float) -> None:
            if heard.session > self._sessions[host.name]:
                self._sessions[host.name] = heard.session
                self._core.birth(host.name, heard.session, now, keepalive_s=self._keepalive_s)
            due = host.rhythm.due(heard.number) - skipped
            number = heard.number - skipped
            self._core.beat(host.name, heard.session, number, now, due=due, way_s=self._way_s)

        self._push_through_broker(heard.at, hear)

    def _tick(self, now: float) -> None:
        tick = self._core.tick(now)
        if tick is not None:
            heard_at = now + self._skipped + _CANARY_S
            self._push_through_broker(heard_at, partial(self._core.canary, tick))

    def _drain(self, end: float) -> None:
        while self._queue and self._queue[0][0] < end:
            at, _, act = heapq.heappop(self._queue)
            self._tell_stall(at)
            act(at)
            if self._core.asked:
                self._answer(at)

    def _tell_stall(self, now: float) -> None:
        """Have the centre know of its own stall before it hears what waited."""
        stall = self._within(self._trace.aggregator_stalls, math.nextafter(now, 0.0))
        if stall is None or stall is self._told_stall or stall.end != now:
            return
        self._told_stall = stall
        if stall.end - stall.start >= CENTRE.told_from_s:
            self._core.stalled(stall.start - self._skipped, stall.end - self._skipped)

    def _answer(self, now: float) -> None:
        asked, self._core.asked = self._core.asked, []
        for host, command in asked:
            session = self._sessions[host]
            if isinstance(command, Probe):
                is_reached = command.host != self._dead
                answer = partial(self._core.probed, host, command, session, is_reached=is_reached)
                self._push_through_broker(now + 2 * self._way_s + _LAN_S, answer)
            else:
                birth = partial(self._core.birth, host, session, keepalive_s=self._keepalive_s)
                self._push_through_broker(now + 2 * self._way_s, birth)


assert HOST.interval_s == 1.0  # noqa: S101 - leaps are whole seconds, and so are intervals
