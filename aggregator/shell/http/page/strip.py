"""Strip of a host's last 24 hours: a minute is a unit wide, and what is not well is high."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from aggregator.shell.http.api.hosts import SPAN_S, SpanView
from venuewatch.base import times

UNITS: Final = 1440
HEIGHT: Final = 24
_TOPS = {"up": 12, "late": 12, "unknown": 20, "unseen": 20}
"""Where the bar of a state begins; that of any other is as high as the strip."""


class Bar(NamedTuple):
    """One span: from ``x``, ``width`` units, from ``top`` down to ``HEIGHT``."""

    state: str
    x: float
    width: float
    top: int


class Strip(NamedTuple):
    """All bars, and how long the host was in which state, in words."""

    spans: tuple[Bar, ...]
    label: str


def strip_of(spans: Iterable[SpanView], now: float) -> Strip:
    """Return the strip that ends ``now`` (s since 1970). A short span is a unit wide at least."""
    start = now - SPAN_S
    bars: list[Bar] = []
    lasted: dict[str, float] = {}
    for span in spans:
        begin, end = max(start, span.start), now if span.end is None else span.end
        if end < begin:
            continue
        lasted[span.state] = lasted.get(span.state, 0.0) + end - begin
        x = (begin - start) / SPAN_S * UNITS
        width = min(UNITS - x, max(1.0, (end - begin) / SPAN_S * UNITS))
        top = _TOPS.get(span.state, 0)
        bars.append(Bar(str(span.state), round(x, 1), round(width, 1), top))
    label = ", ".join(f"{state} {times.duration(length)}" for state, length in lasted.items())
    return Strip(tuple(bars), label or "nothing is known")
