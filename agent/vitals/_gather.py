"""Runs collectors one after the other and makes one message part of what they read."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple, get_args

from venuewatch.base.wire.readings import MAX_SAMPLES, Label, Readings

_NOT_UTF8 = re.compile("[\ud800-\udfff]")  # in the name of a file whose bytes are no UTF-8
_MAX_LABEL: int = get_args(Label)[1].max_length


class Collector(NamedTuple):
    """A named group of families, and the function that reads them."""

    name: str
    read: Callable[[], dict[str, object]]


def gather(collectors: Iterable[Collector], clock: Callable[[], float]) -> Readings:
    """Return what all collectors read, with the success and duration of each.

    ``clock`` counts seconds and never steps (:func:`venuewatch.base.clock.monotonic`). A collector
    that raises has success 0, its duration, and no families; the others are not affected. What
    the wire would refuse is left out, so that one odd name can't cost the whole message: a
    number that is not finite, a row with a label that is too long or not UTF-8, a family with
    too many rows.

    Raises:
        TypeError: a collector names a family that ``Readings`` does not have (a bug).
    """
    merged: dict[str, Any] = {}
    successes: list[tuple[str, float]] = []
    durations: list[tuple[str, float]] = []
    started = clock()
    for name, read in collectors:
        families = _attempt(read)
        merged |= families or {}
        ended = clock()
        successes.append((name, int(families is not None)))
        durations.append((name, round(ended - started, 6)))
        started = ended
    merged["node_scrape_collector_success"] = successes
    merged["node_scrape_collector_duration_seconds"] = durations
    return Readings(**merged)


def _attempt(read: Callable[[], dict[str, object]]) -> dict[str, object] | None:
    """Return what can be sent of a reading; None when the collector raises."""
    try:
        return {family: _sendable(value) for family, value in read().items()}
    except Exception:  # noqa: BLE001 - whatever breaks one collector must not break the others
        return None


def _sendable(value: object) -> object:
    """Return the number or the rows that the wire takes; None when there are none."""
    if isinstance(value, list):
        rows = [row for row in value if _is_sendable(row)]
        return rows if 0 < len(rows) <= MAX_SAMPLES else None
    return value if isinstance(value, (int, float)) and isfinite(value) else None


def _is_sendable(row: tuple[Any, ...]) -> bool:
    return isfinite(row[-1]) and _are_said(row[:-1])


@lru_cache(maxsize=MAX_SAMPLES)
def _are_said(labels: tuple[str, ...]) -> bool:
    """Tell whether the wire takes these labels; a machine has the same ones at each reading."""
    return not any(len(label) > _MAX_LABEL or _NOT_UTF8.search(label) for label in labels)
