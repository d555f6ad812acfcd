"""Many scenarios are played at once, as the core's own limits allow, until something forbids it."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts import centre_side, hang_ups
from aggregator.core.verdicts.flapping import SUPPRESS, Damping
from tests.rehearsal.playing.acted import (
    FLEET,
    LOOK_S,
    VENUES,
    WELL,
    Acted,
    Stage,
    hit,
    quiet,
)
from tests.rehearsal.runfile.scenarios import expectation, fetch, run_of
from venuewatch.rehearsal.live.health import CENTRE, Health
from venuewatch.rehearsal.plan.apart import QUIET_S
from venuewatch.rehearsal.playing.ends import Span
from venuewatch.rehearsal.playing.isolation import NEAR_S, VENUES_NEAR_S
from venuewatch.rehearsal.playing.player import STUCK_S, WELL_S
from venuewatch.rehearsal.playing.sitting import isolation_of
from venuewatch.rehearsal.playing.terms import given_up_s
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import StageError


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Yield what makes a stage for these scenarios."""
    made: list[RunFile] = []

    def make(*scenarios: Scenario) -> Stage:
        made.append(run_of(tmp_path / f"run-{len(made)}.sqlite", scenarios, mode="live"))
        return Stage(made[-1], list(scenarios))

    yield make
    for file in made:
        file.close()


def spans_of(stage: Stage) -> list[list[Span]]:
    """Return when each scenario may have ended connections, by when it really began."""
    rules = isolation_of(FLEET)
    return [list(rules.spans(each.scenario, each.began_at or 0.0)) for each in stage.acts]


def most_together(all_of: list[list[Span]], within_s: float, of: str) -> int:
    """Return how many connections (or venues) several scenarios end within so long (s) at most."""
    found = 0
    for begin in (span.start for spans in all_of for span in spans):
        there = [
            max(
                (
                    getattr(span, of)
                    for span in spans
                    if span.start < begin + within_s and span.end >= begin
                ),
                default=0,
            )
            for spans in all_of
        ]
        if sum(map(bool, there)) > 1:
            found = max(found, sum(there))
    return found


def test_whole_fleet_plays_at_once_and_never_looks_like_one_case(
    make: Callable[..., Stage],
) -> None:
    stage = make(
        *(
            hit(number, code, lasts_s=900.0, whole=number % 13 == 5)
            for number, code in enumerate(VENUES)
        )
    )

    stage.play()

    assert stage.at_once() == 39
    assert stage.states() == {"ended"}
    all_of = spans_of(stage)
    assert most_together(all_of, NEAR_S, "connections") < hang_ups.LEAST
    assert most_together(all_of, VENUES_NEAR_S, "venues") < centre_side.LEAST


def test_one_that_ends_many_connections_is_not_passed_for_ever(make: Callable[..., Stage]) -> None:
    few = [hit(number, code, lasts_s=5.0) for number, code in enumerate(VENUES[1:], start=1)]
    stage = make(*few[:10], hit(50, VENUES[0], lasts_s=5.0, whole=True), *few[10:])

    stage.play()

    began_at = {each.scenario.number: each.began_at or 0.0 for each in stage.acts}
    assert began_at[50] < began_at[few[-1].number]


def test_host_that_was_hit_rests_until_the_next_hit_is_no_flapping(
    make: Callable[..., Stage],
) -> None:
    stage = make(*(hit(number, "V1", lasts_s=10.0) for number in range(1, 6)))

    stage.play()

    damping, fell_at = Damping(), [each.began_at or 0.0 for each in stage.acts]
    assert max(map(damping.fall, fell_at)) < SUPPRESS
    assert all(after - before > 10.0 + QUIET_S for before, after in pairwise(fell_at))


def test_monitor_is_asked_once_for_all_and_seldom(make: Callable[..., Stage]) -> None:
    stage = make(*(quiet(number, code) for number, code in enumerate(VENUES)))

    stage.play()

    assert stage.at_once() == 39
    assert 0 < stage.asked <= stage.hands.now + 1


def test_what_is_played_while_the_controller_stands_still_is_void(
    make: Callable[..., Stage],
) -> None:
    stage = make(hit(1, "V1", lasts_s=10.0), quiet(2, "V2"), hit(3, "V1", lasts_s=10.0))

    def stand_still() -> None:
        stage.hands.now += LEASE_S + 2.0

    stage.meanwhile = (6.0, stand_still)
    stage.play()

    reasons = {each.scenario.number: each.void_reason for each in stage.file.scenarios()}
    assert reasons[1] == reasons[2]
    assert reasons[1].startswith("the controller stood still for 3.")
    assert not reasons[3]


def test_abort_by_another_process_ends_all_that_is_played(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=60.0), quiet(2, "V2"), hit(3, "V1", lasts_s=10.0))

    def abort() -> None:
        with RunFile.open(stage.file.path) as other:
            other.abort()

    stage.meanwhile = (6.0, abort)
    with pytest.raises(AbortedError):
        stage.play()

    assert [each.state for each in stage.file.scenarios()] == ["aborted", "aborted", "waiting"]
    assert stage.hands.now < 8.0


def test_interrupt_leaves_nothing_that_seems_to_be_played(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=60.0))

    def interrupt() -> None:
        raise KeyboardInterrupt

    stage.meanwhile = (6.0, interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.play()

    assert stage.states() == {"interrupted"}


def test_guardian_that_has_ended_ends_the_sitting(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=10.0))

    def end() -> None:
        stage.refusal = "the guardian has ended"

    stage.meanwhile = (6.0, end)
    with pytest.raises(StageError, match="the guardian has ended"):
        stage.play()

    assert stage.states() == {"interrupted"}


def test_world_that_does_not_become_well_is_given_up(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=10.0))
    stage.health = Health(frozenset({CENTRE}), frozenset())

    with pytest.raises(StageError, match=r"scenario 1 are well \(not well: the centre\)"):
        stage.play()

    assert stage.hands.now == pytest.approx(WELL_S, abs=2.0)
    assert stage.states() == {"waiting"}


@pytest.mark.parametrize(
    ("cause", "over_at", "left_at"),
    [("flapping", 60.0, 61.0), ("flapping", 9_999.0, 120.0), ("host_down", 60.0, 20.0)],
)
def test_what_lingers_is_waited_for_as_long_as_it_may_take(
    make: Callable[..., Stage], cause: str, over_at: float, left_at: float
) -> None:
    expected = expectation("host:V1/V1-1", cause, over_within_s=100.0)
    stage = make(msgspec.structs.replace(hit(1, "V1", lasts_s=10.0), expected=(expected,)))

    def end() -> None:
        stage.health = WELL

    def linger() -> None:
        stage.health = Health(frozenset(), frozenset({Subject("host", "V1", "V1-1")}))
        stage.meanwhile = (over_at, end)

    stage.meanwhile = (5.0, linger)
    stage.play()

    assert stage.hands.now == pytest.approx(left_at, abs=2.0)
    assert stage.states() == {"ended"}


def test_monitor_that_is_not_well_before_a_scenario_is_written(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=10.0))
    stage.health = Health(frozenset({"V1"}), frozenset())

    def recover() -> None:
        stage.health = WELL

    stage.meanwhile = (30.0, recover)
    stage.play()

    words = fetch(stage.file.path, "SELECT by, is_well, number, detail FROM well")
    assert words == [("monitor", 0, None, "V1")]
    assert stage.states() == {"ended"}


def test_rules_of_a_fleet_know_its_hosts_and_keepalives() -> None:
    rules = isolation_of(FLEET)

    (lost, given_up, *_) = rules.spans(hit(1, "V1", lasts_s=60.0, whole=True), 0.0)

    assert (lost.venues, given_up.connections) == (1, 7)
    assert given_up.start == 0.4 + 1.5 * 5.0


def test_sitting_says_what_it_does_and_what_it_waits_for(make: Callable[..., Stage]) -> None:
    stage = make(hit(1, "V1", lasts_s=10.0), hit(2, "V1", lasts_s=10.0), quiet(3, "V1"))

    stage.play()

    said = "\n".join(stage.said)
    for words in (
        "1 look",
        "1 play, 1 wait for their venues, 1 wait for their turn",
        "1 wait for a rest, the first for 5",
    ):
        assert words in said
    assert len(stage.said) <= stage.hands.now + 2


def test_witness_that_never_looks_ends_the_sitting(
    make: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Acted, "look", lambda _self: None)
    stage = make(quiet(1, "V1"))

    with pytest.raises(StageError, match="not within 180 s: the witnesses of scenario 1 look"):
        stage.play()

    assert stage.states() == {"interrupted"}


def test_scenario_that_does_not_come_to_its_end_ends_the_sitting(
    make: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Acted, "step", lambda *_: None)
    one = hit(1, "V1", lasts_s=10.0)
    stage = make(one)

    with pytest.raises(StageError, match="scenario 1 is mended and seen"):
        stage.play()

    assert stage.hands.now == pytest.approx(given_up_s(one) + STUCK_S, abs=5.0)


def test_one_that_waits_to_be_kept_apart_keeps_none_waiting_that_ends_nothing(
    make: Callable[..., Stage],
) -> None:
    cut = [hit(number, f"V{number}", lasts_s=120.0, whole=True) for number in range(1, 9)]
    stage = make(*cut, quiet(9, "V9"), quiet(10, "V9"))

    stage.play()

    began_at = {each.scenario.number: each.began_at or 0.0 for each in stage.acts}
    over_at = began_at[9] + stage.acts[8].lasts_s
    assert began_at[10] < over_at + LOOK_S + 1.0
    assert began_at[8] > over_at + LOOK_S + 1.0
