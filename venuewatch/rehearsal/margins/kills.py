"""Measures how soon a host that was silenced for good is called down: many trials of each class.

Its link, or the machine, ends without a sign at a random moment of a trace. Packets that had left
the host by then still arrive; nothing after them does.
"""

import math
import random
from collections.abc import Iterator
from statistics import fmean

import msgspec

from agent.config import KEEPALIVE_S
from venuewatch.rehearsal.margins.judging import OTHERS, OURS, heard_in_order
from venuewatch.rehearsal.margins.links import LINKS
from venuewatch.rehearsal.margins.path import ReceivedBeat, Will
from venuewatch.rehearsal.margins.replay import Player, core_for
from venuewatch.rehearsal.margins.trace import HostTrace, Spec, Trace
from venuewatch.rehearsal.tcp.sender import Tcp

TRIALS_PER_TRACE = 25

_TRACE_S = 7_200.0
_HISTORY_S = 1_100.0  # longer than any detector's window of 1,000 beats
_WARM_S = 12.0
_AFTER_S = 10.0
_QUIET_S = 300.0  # no outage for so long before: it is an ordinary moment


class Killed(HostTrace):
    """A host that sends nothing after ``at`` (s)."""

    def __init__(self, host: HostTrace, at: float, keepalive_s: float) -> None:
        super().__init__(host.venue, host.name, host.rhythm, host.episodes, host.outages)
        self._killed_at = at
        self._patience_s = 1.5 * keepalive_s

    def between(self, first: int, end: int) -> Iterator[ReceivedBeat]:
        """Yield what was heard of the beats ``first`` up to, not with, ``end``."""
        return (heard for heard in super().between(first, end) if heard.sent <= self._killed_at)

    def wills(self) -> Iterator[Will]:
        """Yield the will that the broker says at last."""
        first = self.rhythm.first_due(self._killed_at - _QUIET_S)
        last = max(self.between(first, self.rhythm.first_due(self._killed_at) + 1))
        yield Will(last.at + self._patience_s, last.session)


class DetectionTimes(msgspec.Struct, frozen=True):
    """Mean, 99th percentile and maximum (s) of ``trials`` detection times; None without any."""

    trials: int = 0
    mean_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None
    unnoticed: int = 0


def summary(times_s: list[float]) -> DetectionTimes:
    """Return what is told of many detection times; the percentile is the nearest rank's.

    Those that are infinite are counted apart.
    """
    ordered = sorted(time_s for time_s in times_s if time_s < math.inf)
    unnoticed = len(times_s) - len(ordered)
    if not ordered:
        return DetectionTimes(unnoticed=unnoticed)
    rank = -(-99 * len(ordered) // 100)
    return DetectionTimes(len(ordered), fmean(ordered), ordered[rank - 1], ordered[-1], unnoticed)


def try_kills(link: str, seed: str, *, alpha_s: float, tcp: Tcp) -> dict[str, list[float]]:
    """Return the detection times (s) of every detector in one trace's trials.

    A trial in which a detector had already called the host down is none of its own; the time is
    infinite where it never does.
    """
    trace = Trace(Spec(link, f"{seed}/kills", _TRACE_S, tcp))
    rng = random.Random(f"{seed}/moments")
    times: dict[str, list[float]] = {name: [] for name in (OURS, *OTHERS)}
    for _ in range(TRIALS_PER_TRACE):
        host, at = rng.choice(trace.hosts), rng.uniform(_HISTORY_S, _TRACE_S - _QUIET_S)
        if host.is_excused(at - _QUIET_S, at + 1.0):
            continue
        killed = Killed(host, at, KEEPALIVE_S[LINKS[link].link])
        found = _ours(trace, killed, at)
        if found is not None:
            times[OURS].append(found)
        for name, maker in OTHERS.items():
            detector = maker(alpha_s)
            for heard in heard_in_order(killed, at - _HISTORY_S, at + 1.0):
                detector.hear(heard.number, heard.at)
            if detector.deadline > at:
                times[name].append(detector.deadline - at)
    return times


def _ours(trace: Trace, killed: Killed, at: float) -> float | None:
    hosts = [killed if host.name == killed.name else host for host in trace.hosts]
    world = trace.with_hosts(hosts)
    core = core_for(world, None)
    player = Player(world, core, dead=killed.name)
    player.play(float(int(at - _WARM_S)), float(int(at + 1.0 + core.margin_s + _AFTER_S)))
    said = next((each for each in player.result().accusations if each.host == killed.name), None)
    if said is None:
        return math.inf
    return said.at - at if said.at > at else None
