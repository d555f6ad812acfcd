"""Counts the false alarms of each detector on one trace: our core, and those beside it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from statistics import pvariance
from typing import Final, TypeAlias

import msgspec

from aggregator.core.margins import margin_s_of
from venuewatch.rehearsal.margins.detectors import FailureDetector
from venuewatch.rehearsal.margins.detectors.chen import Chen, alpha_for
from venuewatch.rehearsal.margins.detectors.fixed import Fixed
from venuewatch.rehearsal.margins.detectors.phi import Phi
from venuewatch.rehearsal.margins.links import HOST, LINKS
from venuewatch.rehearsal.margins.outages import DAY_S
from venuewatch.rehearsal.margins.path import ReceivedBeat
from venuewatch.rehearsal.margins.replay import replay
from venuewatch.rehearsal.margins.trace import HostTrace, Spec, Trace
from venuewatch.rehearsal.tcp.sender import Tcp

OURS: Final = "venuewatch"
TARGET_PER_1000: Final = 1.0
AKKA_PAUSE_S: Final = 3.0  # acceptable-heartbeat-pause of akka.cluster.failure-detector

Maker: TypeAlias = Callable[[float], FailureDetector]

OTHERS: Final[Mapping[str, Maker]] = {
    "fixed 3x": lambda _alpha_s: Fixed(HOST.interval_s),
    "phi 8": lambda _alpha_s: Phi(HOST.interval_s),
    "phi 8 + 3 s": lambda _alpha_s: Phi(HOST.interval_s, pause_s=AKKA_PAUSE_S),
    "chen": lambda alpha_s: Chen(HOST.interval_s, alpha_s=alpha_s),
}
"""The detectors beside ours, each made with Chen's alpha (s), which only his takes."""

_CALIBRATION_S = 0.25 * DAY_S
_WORTH_OF_MARGIN = 0.5
_WORTH_LEAST_S = 0.9


class Tally(msgspec.Struct):
    """False alarms of one detector in so many days of a host."""

    host_days: float = 0.0
    false_alarms: int = 0

    def add(self, other: "Tally") -> None:
        """Take in another one's."""
        self.host_days += other.host_days
        self.false_alarms += other.false_alarms


class Judged(msgspec.Struct, kw_only=True):
    """The result of one trace.

    ``outages`` happened to hosts, ``noticed`` accusations stood on one. ``unsettled`` as in
    ``replay``. ``oddities``: incidents of anything but hosts, venues and the centre, which
    none should be said of, by ``scope:cause``; ``centre``: of the broker and ourselves.
    """

    tallies: dict[str, Tally]
    outages: int
    noticed: int
    unsettled: int
    oddities: dict[str, int]
    centre: int


def judge(spec: Spec, *, margin_s: float | None = None, alpha_s: float | None = None) -> Judged:
    """Judge one trace; the other detectors too where Chen's ``alpha_s`` is given."""
    trace = Trace(spec)
    judged = _judge_ours(trace, margin_s)
    judged.tallies["fixed 3x"] = Tally(spec.host_days, _count_fixed(trace))
    if alpha_s is not None:
        for name, maker in OTHERS.items():
            alarms = sum(count_alarms(host, maker(alpha_s), spec.until) for host in trace.hosts)
            judged.tallies[name] = Tally(spec.host_days, alarms)
    return judged


def shipped_margin_s(link: str, tcp: Tcp) -> float:
    """Return the margin (s) that the aggregator has for such a link and such agents."""
    return margin_s_of(LINKS[link].link, stock_tcp=tcp.is_stock)


def worth_playing_s(margin_s: float) -> float:
    """Return how late (s) a beat must be for its surroundings to be played to the core."""
    return min(margin_s, max(_WORTH_LEAST_S, _WORTH_OF_MARGIN * margin_s))


def _judge_ours(trace: Trace, margin_s: float | None) -> Judged:
    shipped_s = shipped_margin_s(trace.spec.link, trace.spec.tcp)
    worth_s = worth_playing_s(shipped_s if margin_s is None else margin_s)
    played = replay(trace, margin_s=margin_s, worth_s=worth_s)
    hosts = {host.name: host for host in trace.hosts}
    noticed = sum(hosts[said.host].is_excused(said.since, said.at) for said in played.accusations)
    alarms = len(played.accusations) - noticed
    return Judged(
        tallies={OURS: Tally(trace.spec.host_days, alarms)},
        outages=sum(len(host.outages) for host in trace.hosts),
        noticed=noticed,
        unsettled=played.unsettled,
        oddities=dict(Counter(played.oddities)),
        centre=played.centre,
    )


def heard_in_order(host: HostTrace, since: float, until: float) -> Iterator[ReceivedBeat]:
    """Yield what was heard of a host's beats, each number once, in order of time."""
    newest = -1
    for heard in host.between(host.rhythm.first_due(since), host.rhythm.first_due(until)):
        if heard.number > newest:
            newest = heard.number
            yield heard


def count_alarms(host: HostTrace, detector: FailureDetector, until: float) -> int:
    """Count how often ``detector`` suspects a host that no outage had silenced."""
    alarms, last = 0, 0.0
    for heard in heard_in_order(host, 0.0, until):
        deadline = detector.deadline
        if heard.at > deadline and not host.is_excused(last, heard.at):
            alarms += 1
        detector.hear(heard.number, heard.at)
        last = heard.at
    return alarms


def _count_fixed(trace: Trace) -> int:
    """Count a fixed timeout's alarms without looking at what came in time."""
    timeout_s = Fixed(HOST.interval_s)
    timeout_s.hear(0, 0.0)
    return sum(
        not host.is_excused(silence.start, silence.end)
        for host in trace.hosts
        for silence in host.silences(timeout_s.deadline - HOST.interval_s)
    )


def calibrated_alpha(link: str, seed: str, tcp: Tcp) -> float:
    """Return Chen's alpha (s) for one mistake in 1,000 host-days, from delays measured before."""
    trace = Trace(Spec(link, f"{seed}/calibrate", _CALIBRATION_S, tcp))
    delays = [
        heard.at - host.rhythm.due(heard.number)
        for host in trace.hosts
        for heard in heard_in_order(host, 0.0, _CALIBRATION_S)
        if not host.is_excused(host.rhythm.due(heard.number), heard.at)
    ]
    return alpha_for(
        1_000 * DAY_S / TARGET_PER_1000, interval_s=HOST.interval_s, variance_s2=pvariance(delays)
    )
