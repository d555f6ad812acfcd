"""Clocks that are wrong, and steps of our own that make nobody's wrong."""

import pytest

from tests.aggregator.watching import Watching


def opened(watching: Watching) -> list[tuple[str, str]]:
    """Return whom anything was said of, and why, since the last call."""
    return [(who, cause) for _, change, who, cause in watching.lines() if change == "opened"]


@pytest.mark.parametrize("ahead_s", [3.0, -3.0, 86_400.0])
def test_a_clock_that_differs_from_the_fleets_is_wrong(watching: Watching, ahead_s: float) -> None:
    watching.machines["s1"].clock_ahead_s = ahead_s

    watching.run(4.0)

    assert opened(watching) == [("clock s1", "clock_skew")]
    assert watching.evidence("clock", "s1")["clock"].detail["offset_s"] == ahead_s
    assert watching.state("s1") == "up"


def test_a_clock_that_was_set_right_is_no_problem_any_more(watching: Watching) -> None:
    watching.machines["s1"].clock_ahead_s = 3.0
    watching.run(10.0)
    watching.lines()

    watching.machines["s1"].clock_ahead_s = 0.0
    watching.run(2.0)
    before = watching.lines()
    watching.run(2.0)

    assert before == []
    assert [line[1:] for line in watching.lines()] == [("closed", "clock s1", "clock_skew")]


@pytest.mark.parametrize("step_s", [10.0, -10.0, 86_400.0])
def test_a_step_of_our_own_clock_accuses_nobody(watching: Watching, step_s: float) -> None:
    watching.wall_step_s = step_s
    watching.run(20.0)
    watching.wall_step_s = 0.0
    watching.run(20.0)

    assert watching.lines() == []


def test_a_step_of_our_own_clock_hides_no_wrong_one(watching: Watching) -> None:
    watching.wall_step_s = 10.0
    watching.run(20.0)

    watching.machines["s1"].clock_ahead_s = 10.0  # which agrees with ours, and with nobody else's
    watching.run(5.0)

    assert opened(watching) == [("clock s1", "clock_skew")]


def test_a_clock_that_is_set_right_after_a_step_of_ours_is_no_problem_any_more(
    watching: Watching,
) -> None:
    watching.wall_step_s = 10.0
    watching.run(20.0)
    watching.machines["s1"].clock_ahead_s = 10.0
    watching.run(5.0)

    watching.machines["s1"].clock_ahead_s = 0.0
    watching.run(5.0)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_of_two_clocks_ours_is_believed() -> None:
    pair = Watching({"STA": ("s1", "s2")})
    pair.machines["s1"].clock_ahead_s = 5.0

    pair.bring_up()
    pair.run(10.0)

    assert [who for who in pair.watch.incidents.open if who.scope == "clock"] == [
        ("clock", "STA", "s1", "")
    ]


def test_beats_that_were_held_up_on_their_way_say_nothing_of_a_clock() -> None:
    patient = Watching(margin_s=9.0)
    patient.bring_up()

    patient.hang("s1", 8.0)
    patient.run(5.0)

    assert patient.lines() == []


def test_a_step_of_our_own_clock_accuses_nobody_among_hosts_that_beat_seldom() -> None:
    mixed = Watching({"STA": ("s1", "s2", "s3"), "AQU": tuple(f"a{n}" for n in range(8))})
    for number, machine in enumerate(mixed.machines.values()):
        if machine.venue == "AQU":
            machine.interval_s, machine.phase_s = 60.0, 7.0 * number
    mixed.bring_up()
    mixed.run(64.0)

    mixed.wall_step_s = 10.0
    mixed.run(70.0)

    assert mixed.lines() == []


def test_one_big_venue_with_a_wrong_clock_is_not_the_fleets_median() -> None:
    big, small = tuple(f"b{n}" for n in range(110)), tuple(f"a{n}" for n in range(150))
    fleet = Watching({"BIG": big, "AQU": small})
    for name in big:
        fleet.machines[name].clock_ahead_s = 5.0

    fleet.bring_up()
    fleet.run(10.0)

    accused = {subject.host for subject in fleet.watch.incidents.open}
    assert accused == set(big)


def test_the_few_that_live_of_a_big_inventory_are_its_median() -> None:
    sparse = Watching({"BIG": tuple(f"b{n}" for n in range(500)), "AQU": ("a1", "a2", "a3", "a4")})
    sparse.mute(*(name for name in sparse.machines if name.startswith("b")))
    sparse.wall_step_s = 10.0
    sparse.subscribe()

    sparse.run(10.0)

    assert sparse.lines() == []


def test_beats_that_were_held_up_do_not_clear_a_wrong_clock() -> None:
    patient = Watching(margin_s=9.0)
    patient.bring_up()
    patient.machines["s1"].clock_ahead_s = 3.0
    patient.run(10.0)

    patient.hang("s1", 8.0)
    patient.run(10.0)

    assert [line[1] for line in patient.lines()] == ["opened"]


def test_a_host_that_leaves_takes_its_clock_with_it(watching: Watching) -> None:
    watching.machines["s1"].clock_ahead_s = 5.0
    watching.run(10.0)
    watching.deliver(watching.machines["s1"].death("farewell"))
    watching.mute("s1")

    watching.run(60.0)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_clock_that_is_still_wrong_when_its_agent_is_back_is_told_again(
    watching: Watching,
) -> None:
    machine = watching.machines["s1"]
    machine.clock_ahead_s = 3.0
    watching.run(4.0)
    watching.deliver(machine.death("farewell"))
    watching.mute("s1")
    watching.run(5.0)
    machine.boot = "b2"
    watching.deliver(machine.birth())
    watching.unmute("s1")

    watching.run(5.0)

    assert [line[1:3] for line in watching.lines()] == [
        ("opened", "clock s1"),
        ("closed", "clock s1"),
        ("opened", "clock s1"),
    ]
