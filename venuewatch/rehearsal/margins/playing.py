"""Picks the parts of a trace that the core must be played: those around a disturbance."""

import math
from collections.abc import Iterable

from venuewatch.rehearsal.margins.outages import Span, joined
from venuewatch.rehearsal.margins.trace import CALM_S, HostTrace, Trace

WARM_S = 6.0
"""For how long (s) before a disturbance everything is played."""

SETTLE_S = 12.0
"""For how long (s) after it: three steady beats, and the end of every inquiry."""


def worth_playing(trace: Trace, worth_s: float) -> list[Span]:
    """Return, in order and apart, what must be played: whole seconds.

    Every stall of the centre, every will, and every silence or beat that is later than ``worth_s``,
    each with what is before and after it. A beat that was lost is none of these by itself: what
    counts is for how long nothing came.
    """
    spans = [Span(0.0, CALM_S), *trace.broker_stalls, *trace.aggregator_stalls]
    for host in trace.hosts:
        spans.extend(_late(host, worth_s))
        spans.extend(Span(will.at, will.at) for will in host.wills())
    padded = joined(
        Span(max(0.0, math.floor(span.start - WARM_S)), math.ceil(span.end + SETTLE_S) + 1)
        for span in spans
    )
    return [Span(span.start, min(span.end - 1, trace.spec.until)) for span in padded]


def _late(host: HostTrace, worth_s: float) -> Iterable[Span]:
    """Yield the episodes of ``host`` with a silence, or with a beat, that was late by more."""
    rhythm = host.rhythm
    for episode in host.episodes:
        silences = list(host.silences_in(episode))
        if any(silence.over_s > worth_s for silence in silences) or any(
            heard.at - rhythm.due(heard.number) - rhythm.way_s > worth_s for heard in episode.heard
        ):
            yield Span(silences[0].start, silences[-1].end)
