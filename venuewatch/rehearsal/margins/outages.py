"""Draws the moments of disturbances from the assumptions, before anything runs."""

import math
import random
from collections.abc import Iterable
from typing import NamedTuple

from venuewatch.rehearsal.margins.links import Often

DAY_S = 86_400.0


class Span(NamedTuple):
    """From ``start`` to ``end`` (s); ``peak`` is the depth of what has one."""

    start: float
    end: float
    peak: float = 0.0


def draw(often: Often, until: float, rng: random.Random) -> list[Span]:
    """Draw the moments of a Poisson process up to ``until`` (s), and how long each lasts.

    The lengths are log-uniform: as many between 0.1 and 0.2 s as between 1 and 2 s.
    """
    spans: list[Span] = []
    if not often.per_day:
        return spans
    at = rng.expovariate(often.per_day / DAY_S)
    low, high = math.log(often.min_s), math.log(often.max_s)
    while at < until:
        lasts_s = math.exp(rng.uniform(low, high))
        spans.append(Span(at, at + lasts_s, lasts_s))
        at += lasts_s + rng.expovariate(often.per_day / DAY_S)
    return spans


def draw_spikes(often: Often, until: float, rng: random.Random) -> list[Span]:
    """Draw delay spikes: the queue is full at once, and drains for three times its length."""
    return [
        Span(span.start, span.start + 3 * span.peak, span.peak) for span in draw(often, until, rng)
    ]


def joined(*lists: Iterable[Span]) -> list[Span]:
    """Return all spans in order of time, those that touch as one."""
    spans: list[Span] = []
    for span in sorted(span for spans in lists for span in spans):
        if spans and span.start <= spans[-1].end:
            last = spans[-1]
            spans[-1] = Span(last.start, max(last.end, span.end), max(last.peak, span.peak))
        else:
            spans.append(span)
    return spans


class Course:
    """Asks, with a time that only grows, which span it is in and when the next one begins."""

    __slots__ = ("_at", "_spans")

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._at = 0

    def within(self, now: float) -> Span | None:
        """Return the span that ``now`` is in."""
        spans = self._spans
        while self._at < len(spans) and spans[self._at].end <= now:
            self._at += 1
        if self._at < len(spans) and spans[self._at].start <= now:
            return spans[self._at]
        return None

    def next_start(self, now: float) -> float:
        """Return when the span begins that ``now`` is in, or the next one; infinity if none is."""
        self.within(now)
        return self._spans[self._at].start if self._at < len(self._spans) else math.inf
