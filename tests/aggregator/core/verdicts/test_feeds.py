"""Verdict on results feeds: a check that is not well, and when that is over."""

import pytest
from msgspec.structs import replace

from aggregator.core.budget import CHECKS_MAX
from aggregator.core.verdicts.feeds import CAUSES, READERS
from aggregator.core.verdicts.unsaid import UNSAID_LEAST_S, UNSAID_PERIODS
from tests.kit.story import Story
from venuewatch.base.wire.checks import RESULTS_STATES, WELL, CheckState, CheckValues

VITALS_EVERY_S = 10.0
EVERY_S = 2.0


def report(story: Story, seq: int, *states: CheckState, every_s: float = EVERY_S) -> None:
    """Let s1 report what its results check found, every two seconds."""
    for number, state in enumerate(states):
        reading = story.machines["s1"].check(story.now, seq + number, state, every_s=every_s)
        story.deliver(reading)
        story.run(EVERY_S)


def send_vitals(story: Story, seconds: float) -> None:
    """Let s1 send its vitals, and no word of any check, for so long."""
    for _ in range(round(seconds / VITALS_EVERY_S)):
        story.run(VITALS_EVERY_S)
        story.deliver(story.machines["s1"].vitals(story.now, round(story.now)))


def said(story: Story) -> list[str]:
    return [line[1] for line in story.lines()]


def test_every_state_has_a_cause_or_is_well() -> None:
    assert set(CAUSES) | WELL | {"unknown", "critical"} == RESULTS_STATES | WELL


def read(story: Story, kind: str, *states: CheckState) -> None:
    """Let s1 report a check of a kind, every two seconds."""
    for state in states:
        seq = round(story.now * 8)
        reading = story.machines["s1"].check(story.now, seq, state, every_s=EVERY_S, kind=kind)
        story.deliver(reading)
        story.run(EVERY_S)


@pytest.mark.parametrize("kind", sorted(READERS))
def test_results_that_can_not_be_read_twice_are_an_incident(story: Story, kind: str) -> None:
    read(story, kind, "flowing", "critical")
    assert said(story) == []

    read(story, kind, "critical", "critical")

    assert story.lines() == [(8.0, "opened", "feed s1", "results_unreadable")]


@pytest.mark.parametrize("between", ["unknown", "flowing", "not_expected"])
def test_critical_readings_that_are_not_in_a_row_open_nothing(
    story: Story, between: CheckState
) -> None:
    read(story, "feed", "critical", between, "critical", between)

    assert said(story) == []


def test_results_that_can_be_read_again_end_the_incident(story: Story) -> None:
    read(story, "feed", "critical", "critical", "not_expected", "not_expected", "not_expected")

    assert said(story) == ["opened", "closed"]


def test_frozen_feed_that_can_not_be_read_gets_that_cause(story: Story) -> None:
    read(story, "feed", "frozen", "critical", "critical")

    assert [line[1:] for line in story.lines()] == [
        ("opened", "feed s1", "results_frozen"),
        ("sharpened", "feed s1", "results_unreadable"),
    ]


def test_check_that_reads_no_results_is_a_failed_check(story: Story) -> None:
    for _ in range(8):
        read(story, "redundancy", "critical")

    assert {line[3] for line in story.lines()} == {"check_failed"}


@pytest.mark.parametrize("state", CAUSES)
def test_a_feed_not_well_is_an_incident(story: Story, state: CheckState) -> None:
    report(story, 0, "flowing", state, state)

    assert story.lines() == [(6.0, "opened", "feed s1", CAUSES[state])]
    assert story.state("s1") == "up"


def test_evidence_is_what_the_check_said(story: Story) -> None:
    values = CheckValues(results_data_age_seconds=95.0, results_live_units=2.0)
    said = {"detail": "since 12:03", "values": values}

    story.deliver(story.machines["s1"].check(story.now, 0, "frozen", every_s=10.0, **said))

    (seen,) = story.incident("feed", "s1").evidence
    detail = {
        "kind": "http",
        "says": "since 12:03",
        "every_s": 10.0,
        "data_age_s": 95.0,
        "live_units": 2.0,
    }
    assert tuple(seen) == (4.0, "s1", "reading", detail)


def test_a_feed_gets_its_newest_cause(story: Story) -> None:
    report(story, 0, "delayed", "frozen")

    assert [line[1:] for line in story.lines()] == [
        ("opened", "feed s1", "results_delayed"),
        ("sharpened", "feed s1", "results_frozen"),
    ]


@pytest.mark.parametrize(
    ("states", "changes"),
    [
        (("frozen", "flowing"), ["opened", "closed"]),
        (("frozen", "not_expected"), ["opened", "closed"]),
        (("redundancy_lost", "ok"), ["opened", "closed"]),
        (("frozen", "flowing", "frozen", "frozen", "frozen"), ["opened"]),
        (("frozen", "unknown", "unknown", "unknown"), ["opened"]),
        (("ok", "ok"), []),
        (("warning", "warning"), []),
        (("critical",), []),
        (("unknown", "unknown"), []),
    ],
    ids=" ".join,
)
def test_a_feed_ends_when_well_for_three_beats(
    story: Story, states: tuple[CheckState, ...], changes: list[str]
) -> None:
    report(story, 0, *states)
    story.run(1.5)

    assert said(story) == changes


def test_more_good_readings_do_not_delay_the_end(story: Story) -> None:
    report(story, 0, "frozen", "flowing", "flowing", "flowing")

    well_at = 4.0 + EVERY_S
    assert story.lines()[1:] == [(well_at + 3.0, "closed", "feed s1", "results_frozen")]


@pytest.mark.parametrize("every_s", [EVERY_S, UNSAID_LEAST_S])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_check_not_mentioned_any_more_has_no_problem(
    story: Story, every_s: float, *, is_restarted: bool
) -> None:
    report(story, 0, "frozen", every_s=every_s)
    opened = said(story)
    if is_restarted:
        story.restart()
        story.open()
        story.run(3.0)
    unsaid_s = max(UNSAID_LEAST_S, UNSAID_PERIODS * every_s)

    send_vitals(story, VITALS_EVERY_S + unsaid_s)  # the first may be just behind the reading
    before = said(story)
    send_vitals(story, VITALS_EVERY_S)

    assert (opened, before) == (["opened"], [])
    assert said(story) == ["closed"]


def test_a_check_of_a_mute_agent_keeps_its_problem(story: Story) -> None:
    report(story, 0, "frozen")

    story.run(UNSAID_LEAST_S * 5)

    assert said(story) == ["opened"]


@pytest.mark.parametrize("state", ["frozen", "unknown"])
def test_a_check_that_speaks_keeps_its_problem(story: Story, state: CheckState) -> None:
    for seq in range(3):
        report(story, seq, state if seq else "frozen")
        send_vitals(story, UNSAID_LEAST_S)

    assert said(story) == ["opened"]


def test_rare_vitals_end_nothing(story: Story) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.said(replace(machine.announced(), vitals_every_s=120.0)))

    for seq in range(5):
        report(story, seq, "frozen")
        send_vitals(story, VITALS_EVERY_S)

    assert said(story) == ["opened"]


def test_a_reading_that_was_overtaken_is_not_judged(story: Story) -> None:
    overtaken = story.machines["s1"].check(story.now, 4, "frozen")
    story.run(2.0)
    report(story, 5, "flowing")

    story.deliver(overtaken)

    assert said(story) == []


def test_an_old_reading_is_not_judged(story: Story) -> None:
    late = story.machines["s1"].check(story.now, 0, "frozen")
    story.run(UNSAID_LEAST_S + 1.0)

    story.deliver(late)

    assert said(story) == []


def test_endless_names_of_checks_open_bounded_incidents(story: Story) -> None:
    for number in range(CHECKS_MAX * 4):
        machine = story.machines["s1"]
        story.deliver(machine.check(story.now, number, "frozen", check=f"odf-{number}"))
        story.run(0.5)

    incidents = story.centre.decisions.incidents.open
    assert len([subject for subject in incidents if subject.scope == "feed"]) == CHECKS_MAX
    refused = story.host("s1").refused
    assert refused is not None
    assert refused["check_place"] >= CHECKS_MAX / 2
    assert story.incident("budget", "s1").cause == "over_budget"


# A feed that fails again and again


def fail_again_and_again(story: Story, falls: int) -> None:
    for number in range(falls):
        report(story, 10 * number, "frozen", "flowing", "flowing", "flowing")


def test_a_feed_that_flaps_is_damped(story: Story) -> None:
    fail_again_and_again(story, 40)

    assert said(story) == ["opened", "closed", "opened", "closed", "opened"]
    assert story.incident("feed", "s1").falls == 40


def test_a_damped_feed_ends_when_it_is_steady(story: Story) -> None:
    fail_again_and_again(story, 4)
    story.lines()
    for seq in range(100, 110):
        report(story, seq, "flowing")
    before = said(story)

    for _ in range(80):
        story.run(10.0)

    assert (before, said(story)) == ([], ["closed"])


def test_a_damped_feed_that_stays_frozen_stays_open(story: Story) -> None:
    fail_again_and_again(story, 4)
    story.lines()

    for number in range(150):
        report(story, 100 + number, "frozen", every_s=10.0)
        story.run(8.0)

    assert said(story) == []


def test_a_cause_that_goes_to_and_fro_is_damped(story: Story) -> None:
    for number in range(20):
        report(story, 10 * number, "frozen", "delayed")

    assert len(said(story)) <= 5


def test_the_cause_after_all_the_wavering_is_told(story: Story) -> None:
    for number in range(5):
        report(story, 10 * number, "frozen", "delayed")
    for number in range(60):
        report(story, 100 + number, "frozen")

    assert story.lines()[-1][1:] == ("sharpened", "feed s1", "results_frozen")


def test_a_feed_that_rests_keeps_no_check_untold(story: Story) -> None:
    fail_again_and_again(story, 4)
    story.lines()

    report(story, 100, "critical", "critical", "critical")
    story.run(10.0)

    assert [line[1:3] for line in story.lines()] == [("opened", "check s1")]


def test_what_a_feed_says_again_is_kept_now_and_then(story: Story) -> None:
    for seq in range(100):
        report(story, seq, "frozen")

    assert len(story.incident("feed", "s1").evidence) <= 10 + 200 / 10.0


@pytest.mark.parametrize("falls", [1, 4])
def test_a_restart_forgets_no_fall_of_a_feed(story: Story, falls: int) -> None:
    fail_again_and_again(story, falls)
    story.lines()
    story.restart()
    story.open()
    story.run(3.0)

    fail_again_and_again(story, 3)

    assert said(story).count("opened") <= max(0, 3 - falls)
