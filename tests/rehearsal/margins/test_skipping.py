"""Skipped stretches of a trace change no event of the core."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.kit.examples import examples
from venuewatch.rehearsal.margins.judging import worth_playing_s
from venuewatch.rehearsal.margins.outages import Span
from venuewatch.rehearsal.margins.replay import Replayed, replay
from venuewatch.rehearsal.margins.trace import CALM_S, Spec, Trace

UNTIL = 600.0
BELOW_PATIENCE_S = 0.9
LONGER_S = 4.0
MARGIN_S = 2.0  # so small that hosts fall, and venues with them

stalls = st.lists(
    st.builds(
        lambda start, lasts_s: Span(start, start + lasts_s),
        st.floats(CALM_S, UNTIL - 2 * CALM_S),
        st.floats(0.05, 5.0),
    ),
    max_size=2,
).filter(lambda spans: len(spans) < 2 or abs(spans[0].start - spans[1].start) > 6.0)


def trace_of(link: str, seed: int, broker: list[Span], aggregator: list[Span]) -> Trace:
    trace = Trace(Spec(link, str(seed), UNTIL))
    trace.broker_stalls = sorted(broker)
    trace.aggregator_stalls = sorted(aggregator)
    return trace


def changes(replayed: Replayed) -> list[tuple[str, str, float]]:
    """Return what changed, when to the microsecond: times that were shifted differ by less."""
    return sorted((host, state, round(at, 6)) for at, host, state in replayed.changes)


@pytest.mark.long
@examples(30)
@given(
    st.sampled_from(("wired", "metro", "satellite", "cellular", "bursty")),
    st.integers(0, 10_000),
    stalls,
    stalls,
)
@example("satellite", 4394, [], [])  # a span that would begin between two late beats of a host
def test_skipping_changes_no_event(
    link: str, seed: int, broker: list[Span], aggregator: list[Span]
) -> None:
    trace = trace_of(link, seed, broker, aggregator)

    whole = replay(trace, margin_s=MARGIN_S, worth_s=BELOW_PATIENCE_S, is_whole=True)
    skipping = replay(trace, margin_s=MARGIN_S, worth_s=BELOW_PATIENCE_S, remembered_s=0.0)

    assert changes(skipping) == changes(whole)
    assert sorted(skipping.oddities) == sorted(whole.oddities)
    assert skipping.centre == whole.centre
    assert skipping.played_s < whole.played_s == UNTIL


def test_skipping_moves_no_two_stalls_of_the_centre_together() -> None:
    apart = [Span(at, at + 1.0) for at in (60.0, 200.0, 340.0, 480.0)]
    trace = trace_of("wired", 1, [], apart)

    skipping = replay(trace, worth_s=BELOW_PATIENCE_S)

    assert (skipping.centre, skipping.unsettled) == (0, 0)
    assert skipping.played_s < UNTIL


@pytest.mark.long
@examples(10)
@given(st.sampled_from(("satellite_lossy", "bursty_satellite")), st.integers(0, 10_000))
def test_skipping_what_comes_within_half_of_the_margin_changes_no_accusation(
    link: str, seed: int
) -> None:
    trace = trace_of(link, seed, [], [])

    whole = replay(trace, margin_s=LONGER_S, worth_s=LONGER_S / 2, is_whole=True)
    skipping = replay(trace, margin_s=LONGER_S, worth_s=LONGER_S / 2, remembered_s=0.0)

    assert [(said.host, round(said.at, 6)) for said in skipping.accusations] == [
        (said.host, round(said.at, 6)) for said in whole.accusations
    ]


def test_stall_of_the_centre_is_told_as_such_and_changes_no_host() -> None:
    trace = trace_of("wired", 1, [], [Span(300.0, 309.0)])

    played = replay(trace, worth_s=BELOW_PATIENCE_S)

    assert (played.centre, played.unsettled) == (1, 0)
    assert [change for change in played.changes if change[0] > 300.0] == []


def test_what_is_under_way_arrives_as_if_nothing_had_been_left_out() -> None:
    trace = trace_of("satellite", 1, [], [])

    skipping = replay(trace, margin_s=MARGIN_S, worth_s=BELOW_PATIENCE_S, remembered_s=0.0)

    assert skipping.played_s < UNTIL
    assert (skipping.centre, skipping.unsettled) == (0, 0)


def test_most_of_a_good_links_time_is_skipped() -> None:
    trace = trace_of("wired", 1, [], [])

    played_s = replay(trace, worth_s=BELOW_PATIENCE_S).played_s

    assert played_s < UNTIL / 4


def test_that_an_agent_leaves_beats_out_on_a_lossy_link_is_no_reason_to_play_them() -> None:
    trace = trace_of("satellite_lossy", 1, [], [])

    played_s = replay(trace, worth_s=worth_playing_s(12.0)).played_s

    assert played_s < UNTIL / 4
