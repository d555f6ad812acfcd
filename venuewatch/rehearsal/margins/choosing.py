"""Finds the margin that a class of link needs, on other seeds than those it is judged on."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import NormalDist

import msgspec

from venuewatch.rehearsal.margins.judging import TARGET_PER_1000
from venuewatch.rehearsal.margins.trace import Spec, Trace

_CONFIDENCE = 0.95
_SIGMAS = NormalDist().inv_cdf(_CONFIDENCE)
_FEW = 200
_TENTHS = 10
_LEAST = 5  # tenths of a second: silences that no margin is as small as


class Survey(msgspec.Struct):
    """Counts of silences, of hosts that nothing had silenced, by length.

    ``by_tenth``: by how many whole tenths of a second they were longer than the interval.
    """

    host_days: float
    by_tenth: dict[int, int]


def survey(spec: Spec) -> Survey:
    """Measure every silence of one trace."""
    trace = Trace(spec)
    found = Counter(
        math.floor(silence.over_s * _TENTHS)
        for host in trace.hosts
        for silence in host.silences(_LEAST / _TENTHS)
        if not host.is_excused(silence.start, silence.end)
    )
    return Survey(spec.host_days, dict(found))


def joined(surveys: Iterable[Survey]) -> Survey:
    """Return several as one."""
    counts: Counter[int] = Counter()
    host_days = 0.0
    for each in surveys:
        counts.update(each.by_tenth)
        host_days += each.host_days
    return Survey(host_days, dict(counts))


def alarms_at(by_tenth: Mapping[int, int], margin_s: float) -> int:
    """Count the silences that outlast ``margin_s`` (in tenths of a second)."""
    margin = round(margin_s * _TENTHS)
    return sum(count for tenth, count in by_tenth.items() if tenth >= margin)


def least_margin(found: Survey, *, per_1000: float = TARGET_PER_1000) -> float | None:
    """Return the least margin (s, in tenths) whose upper bound is under the target.

    None where too few host-days were surveyed for any margin to show that.
    """
    for tenth in range(_LEAST, max(found.by_tenth, default=_LEAST) + 2):
        margin_s = tenth / _TENTHS
        alarms = alarms_at(found.by_tenth, margin_s)
        if upper_bound(alarms) / found.host_days * 1_000 < per_1000:
            return margin_s
    return None


def upper_bound(seen: int) -> float:
    """Return the exact one-sided 95 % upper bound of a Poisson mean after ``seen`` events.

    The mean at which seeing no more than that had a chance of 5 % (Garwood 1936); 3.0 for none.

    Raises:
        ValueError: fewer than no events.
    """
    if seen < 0:
        raise ValueError(f"events are counted from 0, got {seen}")
    if seen > _FEW:  # Wilson and Hilferty 1931; by then exact to a thousandth
        more = seen + 1.0
        return more * (1 - 1 / (9 * more) + _SIGMAS / (3 * math.sqrt(more))) ** 3
    low, high = float(seen), seen + 5.0 * math.sqrt(seen + 1.0) + 5.0
    for _ in range(80):
        mean = (low + high) / 2
        if _chance_of_at_most(seen, mean) > 1 - _CONFIDENCE:
            low = mean
        else:
            high = mean
    return high


def _chance_of_at_most(seen: int, mean: float) -> float:
    logs = [count * math.log(mean) - mean - math.lgamma(count + 1) for count in range(seen + 1)]
    top = max(logs)
    return math.exp(top) * math.fsum(math.exp(log - top) for log in logs)
