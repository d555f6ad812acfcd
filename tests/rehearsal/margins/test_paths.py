"""A host's beats: when due, over a channel that loses, around pauses, after a session's end."""

import itertools
import random
from collections.abc import Sequence
from statistics import fmean

import pytest

from aggregator.core.margins import STOCK_MARGINS_S, THIN_MARGINS_S
from venuewatch.rehearsal.margins.beat_times import BeatTimes, CalmPast, phase_s
from venuewatch.rehearsal.margins.channel import Channel
from venuewatch.rehearsal.margins.links import LINKS, LinkModel, Often
from venuewatch.rehearsal.margins.outages import Span, draw, joined
from venuewatch.rehearsal.margins.path import Episode, HostPath
from venuewatch.rehearsal.tcp.round_trip import RoundTrip

NEVER = Often(0.0, 1.0, 1.0)
KEEPALIVE_S = 5.0


def model(rtt_s: float = 0.02, *, loss: float = 0.0, burst_s: float = 0.0) -> LinkModel:
    """Return a link without jitter to speak of."""
    return LinkModel(
        link="wired", rtt_s=rtt_s, jitter_s=1e-6, loss=loss, burst_s=burst_s, gap=NEVER,
        outage=NEVER,
    )  # fmt: skip


def channel_of(link: LinkModel, *gaps: Span, seed: int = 1) -> Channel:
    return Channel(link, random.Random(seed), gaps=list(gaps), spikes=[], interval_s=1.0)


def path_of(channel: Channel, link: LinkModel, *pauses: Span, phase_s: float = 0.25) -> HostPath:
    rhythm, rng = BeatTimes(link, CalmPast(link), phase_s=phase_s, interval_s=1.0), random.Random(2)
    return HostPath(rhythm, channel, pauses=list(pauses), keepalive_s=KEEPALIVE_S, rng=rng)


def disturbed(*, gaps: Sequence[Span] = (), pauses: Sequence[Span] = ()) -> list[Episode]:
    link = model()
    return list(path_of(channel_of(link, *gaps), link, *pauses).episodes(1_000.0))


def test_over_a_satellite_beats_arrive_shortly_before_the_tick() -> None:
    link, rng = LINKS["satellite"], random.Random(1)

    gaps = [-(phase_s(link, rng, interval_s=1.0) + link.rtt_s / 2) % 1.0 for _ in range(200)]

    assert min(gaps) >= 0.05
    assert max(gaps) <= 0.5  # jitter is part of the round trip that the agent reckons with


def test_nearby_beats_arrive_at_any_time() -> None:
    link, rng = LINKS["wired"], random.Random(1)

    phases = sorted(phase_s(link, rng, interval_s=1.0) for _ in range(200))

    assert max(b - a for a, b in itertools.pairwise(phases)) < 0.1
    assert phases[0] >= 0.0
    assert phases[-1] < 1.0


@pytest.mark.parametrize("burst_s", [0.0, 0.08])
def test_as_many_packets_are_lost_as_assumed(burst_s: float) -> None:
    channel = channel_of(model(loss=0.05, burst_s=burst_s))

    lost = sum(channel.up(float(second)) is None for second in range(40_000))

    assert lost / 40_000 == pytest.approx(0.05, rel=0.1)


def test_bursts_last_as_long_as_assumed() -> None:
    channel, step_s = channel_of(model(loss=0.05, burst_s=0.08)), 0.001
    fates = [channel.up(tick * step_s) is None for tick in range(400_000)]

    bursts = sum(is_lost and not before for before, is_lost in itertools.pairwise(fates))

    assert sum(fates) * step_s / bursts == pytest.approx(0.08, rel=0.1)


@pytest.mark.parametrize("burst_s", [0.0, 0.08])
def test_as_many_beats_pass_between_two_losses_as_trying_each_would_tell(burst_s: float) -> None:
    link = model(rtt_s=0.04, loss=0.05, burst_s=burst_s)
    skipping, trying = channel_of(link), channel_of(link, seed=3)

    runs: list[int] = [0]
    for second in range(60_000):
        there = trying.up(float(second))
        if there is not None and trying.down(there) is not None:
            runs[-1] += 1
        else:
            runs.append(0)

    assert fmean(skipping.skip() for _ in range(5_000)) == pytest.approx(fmean(runs), rel=0.06)


@pytest.mark.long
@pytest.mark.parametrize("rtt_s", [0.02, 0.6])
@pytest.mark.parametrize("is_packet", [True, False])
@pytest.mark.parametrize("first", range(100, 107))
def test_a_lone_loss_comes_to_the_same_whether_worked_out_or_run(
    *, rtt_s: float, is_packet: bool, first: int
) -> None:
    link = model(rtt_s)
    for due_s in (0.05, 0.3, 0.55, 0.8, 0.95):
        episodes = []
        for way in ("_mend", "_run"):
            channel = channel_of(link)
            channel._foreseen = [True] if is_packet else [True, False]  # noqa: SLF001
            path = path_of(channel, link, phase_s=due_s)
            trip = RoundTrip(rtt_s)
            for _ in range(60):
                trip.observe(rtt_s)
            keywords = {"is_packet": is_packet} if way == "_mend" else {}
            episodes.append(getattr(path, way)(first, trip, **keywords))
        mended, ran = episodes
        if mended is not None:
            assert mended.end == ran.end
            assert [heard.number for heard in mended.heard] == [h.number for h in ran.heard]
            assert [heard.at for heard in mended.heard] == pytest.approx(
                [heard.at for heard in ran.heard], abs=1e-4
            )


def test_a_paused_agent_says_the_newest_beat_when_it_goes_on() -> None:
    (episode,) = disturbed(pauses=[Span(100.0, 104.0)])

    late = [heard for heard in episode.heard if heard.at - heard.number > 0.3]
    assert [heard.number for heard in late] == [103]
    assert late[0].at == pytest.approx(104.01, abs=1e-3)
    assert {100, 101, 102}.isdisjoint(heard.number for heard in episode.heard)


def test_a_short_gap_delays_by_the_ladder_and_ends_no_session() -> None:
    (episode,) = disturbed(gaps=[Span(100.2, 101.0)])

    assert episode.wills == []
    assert max(heard.at - heard.number for heard in episode.heard) == pytest.approx(1.2, abs=0.15)
    assert [heard.number for heard in episode.heard] == list(range(episode.first, episode.end))


def test_a_long_silence_ends_the_session_after_one_and_a_half_keepalives() -> None:
    (episode,) = disturbed(gaps=[Span(100.0, 160.0)])

    back = min(episode.heard)
    assert [will.session for will in episode.wills] == [1]
    assert episode.wills[0].at == pytest.approx(99.26 + 7.5, abs=1e-3)
    assert back.session == 2
    assert 160.0 < back.at < 160.0 + 10.0 + 5.0
    assert back.number == int(back.at - 0.25)


def test_undisturbed_beats_make_no_episode() -> None:
    assert disturbed() == []


def test_spans_that_touch_are_one() -> None:
    spans = joined([Span(5.0, 6.0)], [Span(1.0, 2.0), Span(1.5, 3.0)])

    assert [(span.start, span.end) for span in spans] == [(1.0, 3.0), (5.0, 6.0)]


def test_trouble_comes_as_often_and_for_as_long_as_assumed() -> None:
    often = Often(24.0, 0.5, 2.0)

    spans = draw(often, 400 * 86_400.0, random.Random(5))

    assert len(spans) / 400 == pytest.approx(24.0, rel=0.05)
    assert min(span.end - span.start for span in spans) >= 0.5 - 1e-6
    assert max(span.end - span.start for span in spans) <= 2.0 + 1e-6


def test_every_class_of_link_has_a_model_and_its_outages_are_longer_than_its_gaps() -> None:
    assert {link.link for link in LINKS.values()} == set(THIN_MARGINS_S) == set(STOCK_MARGINS_S)
    assert all(name == link.link for name, link in LINKS.items())
    assert all(link.outage.min_s > link.gap.max_s for link in LINKS.values())
