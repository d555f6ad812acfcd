"""An honest agent is never over its budget, whatever its configuration and its line."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.budget import BEATS_BURST, Budget, beat_cost_s
from aggregator.core.host import Host
from tests.kit.examples import examples
from venuewatch.base.wire.topics import Stream

VITALS_BYTES = 40_000
CHECKS_BYTES = 8_000
CATALOGUE_BYTES = 30_000  # of a machine of 512 cores, packed
BOOT = "k3vq7a2e"
BEAT = b'{"boot":"k3vq7a2e"}'
READINGS_APART_S = 1.25  # two messages of checks of one agent

intervals_s = st.floats(0.1, 60.0)
jitters_s = st.floats(0.0, 2.0)


@dataclass
class Sent:
    """A message on its way. ``at``: when (s) it comes."""

    at: float
    stream: str
    size: int


def day_of(
    interval_s: float, vitals_every_s: float, jitter_s: list[float], reconnects: list[float]
) -> list[Sent]:
    """Return what an agent sends within ten minutes: beats, readings, births and catalogues."""
    sent: list[Sent] = []
    end = 600.0

    def each(every_s: float, stream: Stream, size: int) -> None:
        for number in range(min(6_000, int(end / every_s))):
            late_s = jitter_s[number % len(jitter_s)]
            sent.append(Sent(number * every_s + late_s, stream.value, size))

    each(interval_s, Stream.BEAT, 150)
    each(vitals_every_s, Stream.VITALS, min(VITALS_BYTES, round(20_000 * vitals_every_s)))
    each(READINGS_APART_S, Stream.CHECKS, CHECKS_BYTES)
    for at in reconnects:
        sent += [
            Sent(at, Stream.DEATH.value, 100),
            Sent(at, Stream.BIRTH.value, 400),
            Sent(at, Stream.BEAT.value, 150),
            Sent(at, Stream.CATALOGUE.value, CATALOGUE_BYTES),
        ]
    return sent


def refused_of(host: Host, budget: Budget, sent: list[Sent]) -> dict[str, int]:
    """Let messages come in order, and return what was refused."""
    for one in sorted(sent, key=lambda one: one.at):
        budget.begin(one.at, one.at)
        if one.stream == Stream.BEAT.value:
            if budget.takes_beat(host, BEAT):
                host.evidence_at = one.at
        else:
            budget.takes(host, one.stream, one.size)
    return host.refused or {}


def new_host(interval_s: float) -> Host:
    host = Host("V", "h", margin_s=1.8)
    host.boot = BOOT
    host.allowance_s = interval_s + host.margin_s
    host.beat_cost_s = beat_cost_s(interval_s)
    return host


@examples(60)
@given(
    interval_s=intervals_s,
    vitals_every_s=st.floats(1.0, 60.0),
    jitter_s=st.lists(jitters_s, min_size=1, max_size=20),
    reconnects=st.lists(st.floats(0.0, 600.0), max_size=12),
)
def test_honest_agent_with_jitter_and_reconnects_is_never_over_budget(
    interval_s: float, vitals_every_s: float, jitter_s: list[float], reconnects: list[float]
) -> None:
    sent = day_of(interval_s, vitals_every_s, jitter_s, reconnects)

    assert refused_of(new_host(interval_s), Budget(), sent) == {}


@examples(60)
@given(
    interval_s=intervals_s,
    begin=st.floats(20.0, 400.0),
    share=st.floats(0.0, 1.0),
)
def test_line_that_stalls_puts_no_honest_agent_over_budget(
    interval_s: float, begin: float, share: float
) -> None:
    """TCP repeats what was lost, and brings it at once: for 12 s at ten beats a second."""
    stall_s = share * min(100.0, BEATS_BURST * interval_s - 1.0)
    sent = day_of(interval_s, 10.0, [0.0], [])
    for one in sent:
        if begin <= one.at < begin + stall_s and one.stream == Stream.BEAT.value:
            one.at = begin + stall_s

    assert refused_of(new_host(interval_s), Budget(), sent) == {}


@examples(60)
@given(
    interval_s=intervals_s,
    stalls=st.lists(st.tuples(st.floats(5.0, 60.0), st.floats(0.3, 120.0)), max_size=4),
)
def test_stall_of_ours_puts_no_honest_agent_over_budget(
    interval_s: float, stalls: list[tuple[float, float]]
) -> None:
    host, budget, end = new_host(interval_s), Budget(), 0.0
    sent = day_of(interval_s, 1.0, [0.0], [])
    for apart_s, stall_s in stalls:
        start, end = end + apart_s, end + apart_s + stall_s
        before = [one for one in sent if one.at < start]
        refused_of(host, budget, before)
        sent = [one for one in sent if one.at >= start]
        for one in sent:
            one.at = max(one.at, end)
        budget.credit(start, end)

    assert refused_of(host, budget, sent) == {}


@examples(40)
@given(
    interval_s=intervals_s,
    others=st.lists(st.floats(0.0, 0.05), min_size=1, max_size=30),
)
def test_first_beat_of_each_interval_counts_however_loud_its_host(
    interval_s: float, others: list[float]
) -> None:
    """``others``: how far apart (s) beats come that do not count, all along."""
    host, budget = new_host(interval_s), Budget()
    counted = [0.0]
    now = at = 0.0
    for number in range(3_000):
        now += others[number % len(others)] + 0.001
        budget.begin(now, now)
        budget.takes_beat(host, b"?")  # junk: it shows no life
        if now >= at + interval_s:
            at = now
            if budget.takes_beat(host, BEAT):
                host.evidence_at = now
                counted.append(now)
    longest_s = max((after - before for before, after in pairwise(counted)), default=0.0)

    assert longest_s <= interval_s + 0.1
