"""Verdict on clocks: the fleet's median is the judge, and steps of ours accuse nobody."""

import pytest

from aggregator.core.verdicts.clocks import LIMIT_S
from tests.kit.story import Story


def set_ahead(story: Story, seconds: float, *, run_s: float) -> None:
    story.machines["s1"].clock_ahead_s = seconds
    story.run(run_s)


@pytest.mark.parametrize(
    ("offset_s", "fleet_s", "round_trip_s", "is_wrong"),
    [
        (1.25, 0.0, 0.0, True),
        (-1.25, 0.0, 0.0, True),
        (-2e9, 0.0, 0.0, True),
        (0.75, 0.0, 0.0, False),
        (LIMIT_S, 0.0, 0.0, False),
        (-LIMIT_S, 0.0, 0.0, False),
        (2.75, 0.0, 3.5, False),  # half a round trip may be the message's way
        (-2.75, 0.0, 3.5, False),
        (-2.75, 0.0, 3.0, True),
        (3_600.5, 3_600.0, 0.0, False),
        (0.0, 3_600.0, 0.0, True),  # agrees with ours, and with nobody else's
    ],
)
def test_a_clock_is_wrong_beyond_limit_and_uncertainty(
    story: Story, offset_s: float, fleet_s: float, round_trip_s: float, *, is_wrong: bool
) -> None:
    examine(story, offset_s, fleet_s=fleet_s, round_trip_s=round_trip_s)

    assert ("clock" in story.host("s1").problems) is is_wrong


def test_evidence_lists_offset_median_and_uncertainty(story: Story) -> None:
    examine(story, 9.12345, fleet_s=0.0625, round_trip_s=0.1)

    assert story.evidence("clock", "s1")["clock"].detail == {
        "offset_s": 9.123,
        "fleet_median_s": 0.062,
        "uncertainty_s": 0.05,
    }


def examine(story: Story, offset_s: float, *, fleet_s: float, round_trip_s: float) -> None:
    """Examine the clock of s1 three times, as if the fleet's were off by ``fleet_s``."""
    for other in story.centre.fleet:
        other.clock_offset_s = fleet_s
    host = story.host("s1")
    host.clock_offset_s, host.round_trip_s = offset_s, round_trip_s
    clocks = story.centre.decisions.clocks
    clocks.take_reference(story.now + 2.0)
    for at in (3.0, 4.0, 5.0):
        clocks.examine(host, story.now + at)


def test_a_clock_set_right_ends_after_three_echoes(story: Story) -> None:
    set_ahead(story, 3.0, run_s=10.0)
    story.lines()

    set_ahead(story, 0.0, run_s=2.0)
    before = story.lines()
    story.run(2.0)

    assert before == []
    assert [line[1:] for line in story.lines()] == [("closed", "clock s1", "clock_skew")]


@pytest.mark.parametrize("step_s", [10.0, -10.0, 86_400.0])
def test_a_step_of_our_clock_accuses_nobody(story: Story, step_s: float) -> None:
    story.wall_step_s = step_s
    story.run(20.0)
    story.wall_step_s = 0.0
    story.run(20.0)

    assert [line for line in story.lines() if line[2] != "centre"] == []


def test_a_step_of_our_clock_hides_no_wrong_one(story: Story) -> None:
    story.wall_step_s = 10.0
    story.run(20.0)

    set_ahead(story, 10.0, run_s=5.0)  # agrees with ours, and with nobody else's
    wrong = story.opened()
    set_ahead(story, 0.0, run_s=5.0)

    assert wrong == [("clock s1", "clock_skew")]
    assert [line[1] for line in story.lines()] == ["closed"]


def test_of_two_clocks_ours_is_believed() -> None:
    pair = Story({"STA": ("s1", "s2")})
    pair.machines["s1"].clock_ahead_s = 5.0

    pair.bring_up()
    pair.run(10.0)

    assert [who for who in pair.centre.decisions.incidents.open if who.scope == "clock"] == [
        ("clock", "STA", "s1", "")
    ]


@pytest.mark.parametrize(("ahead_s", "said"), [(0.0, []), (3.0, ["opened"])])
def test_beats_held_up_prove_a_clock_neither_way(ahead_s: float, said: list[str]) -> None:
    patient = Story(margin_s=9.0).bring_up()
    set_ahead(patient, ahead_s, run_s=10.0)

    patient.hang("s1", 8.0)
    patient.run(10.0)

    assert [line[1] for line in patient.lines()] == said


def test_a_step_of_ours_accuses_no_slow_host() -> None:
    mixed = Story({"STA": ("s1", "s2", "s3"), "AQU": tuple(f"a{n}" for n in range(8))})
    for number, machine in enumerate(mixed.machines.values()):
        if machine.venue == "AQU":
            machine.interval_s, machine.phase_s = 60.0, 7.0 * number
    mixed.bring_up()
    mixed.run(64.0)

    mixed.wall_step_s = 10.0
    mixed.run(70.0)

    assert mixed.lines() == []


def test_one_big_venue_is_not_the_fleets_median() -> None:
    big, small = tuple(f"b{n}" for n in range(110)), tuple(f"a{n}" for n in range(150))
    fleet = Story({"BIG": big, "AQU": small})
    for name in big:
        fleet.machines[name].clock_ahead_s = 5.0

    fleet.bring_up()
    fleet.run(10.0)

    accused = {subject.host for subject in fleet.centre.decisions.incidents.open}
    assert accused == set(big)


def test_the_few_living_of_a_fleet_are_its_median() -> None:
    sparse = Story({"BIG": tuple(f"b{n}" for n in range(500)), "AQU": ("a1", "a2", "a3", "a4")})
    sparse.mute(*(name for name in sparse.machines if name.startswith("b")))
    sparse.wall_step_s = 10.0
    sparse.open()

    sparse.run(10.0)

    assert sparse.lines() == []


def test_a_clock_still_wrong_afterwards_is_reported_again(story: Story) -> None:
    machine = story.machines["s1"]
    set_ahead(story, 3.0, run_s=4.0)
    story.leave("s1")
    story.run(5.0)
    machine.boot = "b2"
    story.deliver(machine.birth())
    story.unmute("s1")

    story.run(5.0)

    assert [line[1] for line in story.lines()] == ["opened", "closed", "opened"]
