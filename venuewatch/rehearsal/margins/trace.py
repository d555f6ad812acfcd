"""Simulates one fleet over a stretch of time: its hosts' beats as the broker gets them.

Everything follows from the seed. Nothing that judges a trace has any say in what happens in it.
"""

import copy
import random
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import msgspec

from agent.config import KEEPALIVE_S
from venuewatch.rehearsal.margins.beat_times import BeatTimes, CalmPast, phase_s
from venuewatch.rehearsal.margins.channel import Channel
from venuewatch.rehearsal.margins.links import CENTRE, HOST, LINKS
from venuewatch.rehearsal.margins.outages import DAY_S, Span, draw, draw_spikes, joined
from venuewatch.rehearsal.margins.path import Episode, HostPath, ReceivedBeat, Will
from venuewatch.rehearsal.tcp.sender import LINUX, Tcp

VENUES = 3
HOSTS_PER_VENUE = 4
CALM_S = 30.0
"""A trace begins and ends with so long (s) of nothing: the centre starts, and peace returns."""


class HostSilence(NamedTuple):
    """Nothing was heard of a host from ``start`` to ``end`` (s), ``over_s`` beyond its interval."""

    start: float
    end: float
    over_s: float


class Spec(msgspec.Struct, frozen=True):
    """The description of a trace: its class of link, its seed, its length (s)."""

    link: str
    seed: str
    until: float
    tcp: Tcp = LINUX

    @property
    def host_days(self) -> float:
        """How many days of one host it is."""
        return self.until / DAY_S * VENUES * HOSTS_PER_VENUE


class HostTrace:
    """One host: its rhythm, the episodes in which it was disturbed, and its outages."""

    def __init__(
        self, venue: str, name: str, rhythm: BeatTimes, episodes: list[Episode], outages: list[Span]
    ) -> None:
        self.venue = venue
        self.name = name
        self.rhythm = rhythm
        self.episodes = episodes
        self.outages = outages
        self._starts = [episode.first for episode in episodes]
        self._sessions = [1]
        for episode in episodes:
            last = episode.heard[-1].session if episode.heard else self._sessions[-1]
            self._sessions.append(last)

    def between(self, first: int, end: int) -> Iterator[ReceivedBeat]:
        """Yield what was heard of the beats ``first`` up to, not with, ``end``."""
        at = bisect_right(self._starts, first)
        if at and self.episodes[at - 1].end > first:
            at -= 1
        number = first
        while number < end:
            episode = self.episodes[at] if at < len(self.episodes) else None
            calm_until = end if episode is None else min(end, episode.first)
            for calm in range(number, calm_until):
                due = self.rhythm.due(calm)
                yield ReceivedBeat(self.rhythm.heard(calm), calm, due, self._sessions[at])
            if episode is None or episode.first >= end:
                return
            for heard in episode.heard:
                if first <= heard.number < end:
                    yield heard
            number = max(episode.end, number)
            at += 1

    def wills(self) -> Iterator[Will]:
        """Yield every will that the broker said."""
        for episode in self.episodes:
            yield from episode.wills

    def silences_in(self, episode: Episode) -> Iterator[HostSilence]:
        """Yield the silences of one of its episodes, as they were at the broker, in order."""
        last = self.rhythm.heard(episode.first - 1)
        ends = [heard.at for heard in episode.heard]
        ends.append(max(last, *ends, self.rhythm.heard(episode.end)))
        for at in ends:
            if at > last:
                yield HostSilence(last, at, at - last - self.rhythm.interval_s)
                last = at

    def silences(self, over_s: float) -> Iterator[HostSilence]:
        """Yield each silence that was more than ``over_s`` longer than its interval."""
        for episode in self.episodes:
            yield from (each for each in self.silences_in(episode) if each.over_s > over_s)

    def is_excused(self, start: float, end: float) -> bool:
        """Tell whether an outage fell into the silence from ``start`` to ``end`` (s)."""
        return any(outage.start < end and start < outage.end for outage in self.outages)


class Trace:
    """A fleet's hosts, and when the centre itself stood still."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        rng = random.Random(f"{spec.seed}/{spec.link}/{spec.until}/{spec.tcp.rto_max_s}")
        self.broker_stalls = _calm(draw(CENTRE.broker_stall, spec.until, rng), spec.until)
        self.aggregator_stalls = _calm(draw(CENTRE.aggregator_stall, spec.until, rng), spec.until)
        self.hosts: list[HostTrace] = []
        for venue in range(VENUES):
            self.hosts.extend(_venue(spec, f"V{venue}", rng))

    def with_hosts(self, hosts: list[HostTrace]) -> "Trace":
        """Return the same stretch of time with other hosts."""
        other = copy.copy(self)
        other.hosts = hosts
        return other


def _venue(spec: Spec, code: str, rng: random.Random) -> Iterator[HostTrace]:
    """Yield the hosts of one venue, which share a link but not each packet's luck."""
    model, until = LINKS[spec.link], spec.until
    outages = _calm(draw(model.outage, until, rng), until)
    gaps = joined(_calm(draw(model.gap, until, rng), until), outages)
    spikes = joined(_calm(draw_spikes(model.spike, until, rng), until))
    cuts = _long(gaps, model.outage.min_s)
    for number in range(HOSTS_PER_VENUE):
        own = random.Random(rng.random())
        rhythm = BeatTimes(
            model,
            _past(spec.link),
            phase_s=phase_s(
                model, own, interval_s=HOST.interval_s, follows_ticks=not spec.tcp.is_stock
            ),
            interval_s=HOST.interval_s,
        )
        often = (HOST.stall, HOST.freeze, HOST.outage)
        pauses = joined(*(_calm(draw(each, until, own), until) for each in often))
        path = HostPath(
            rhythm,
            Channel(model, own, gaps=gaps, spikes=spikes, interval_s=HOST.interval_s),
            pauses=pauses,
            keepalive_s=KEEPALIVE_S[model.link],
            rng=own,
            tcp=spec.tcp,
        )
        yield HostTrace(
            code,
            f"{code}-{number}",
            rhythm,
            list(path.episodes(until)),
            joined(cuts, _long(pauses, HOST.outage.min_s)),
        )


@cache
def _past(link: str) -> CalmPast:
    return CalmPast(LINKS[link])


def _calm(spans: list[Span], until: float) -> list[Span]:
    return [span for span in spans if span.start >= CALM_S and span.end <= until - CALM_S]


def _long(spans: list[Span], least_s: float) -> list[Span]:
    return [span for span in spans if span.end - span.start >= least_s]
