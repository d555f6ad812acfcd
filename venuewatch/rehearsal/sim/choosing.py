"""Which margin a class of link needs: chosen on seeds that are not those it is judged on."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from venuewatch.rehearsal.sim.judging import TARGET_PER_1000
from venuewatch.rehearsal.sim.poisson import upper_bound
from venuewatch.rehearsal.sim.trace import Spec, Trace

_TENTHS = 10
_LEAST = 5  # tenths of a second: silences that no margin is as small as


class Survey(msgspec.Struct):
    """How many silences, of hosts that nothing had silenced, were so long.

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
