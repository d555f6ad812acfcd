"""Two under one name, and results that do not flow."""

import pytest

from aggregator.core.oddities import ALTERNATION_S
from tests.aggregator.machine import WALL, Message
from tests.aggregator.watching import Line, Watching
from venuewatch.wire.checks import CheckState
from venuewatch.wire.messages import CheckReading, Checks, encode
from venuewatch.wire.topics import Stream


def opened(watching: Watching) -> list[tuple[str, str]]:
    """Return whom anything was said of, and why, since the last call."""
    return [(who, cause) for _, change, who, cause in watching.lines() if change == "opened"]


def beat_as(watching: Watching, name: str, *boots: str) -> None:
    """Let each of the boots beat once under one name, half a second after the other."""
    machine = watching.machines[name]
    watching.mute(name)
    for boot in boots:
        machine.boot = boot
        watching.deliver(machine.beat(watching.now))
        watching.run(0.5)
    watching.unmute(name)


def test_two_boots_that_alternate_are_two_under_one_name(watching: Watching) -> None:
    beat_as(watching, "s1", "b2", "b1")

    assert opened(watching) == [("identity s1", "duplicate_identity")]
    detail = watching.evidence("identity", "s1")["boots"].detail
    assert (detail["returned"], detail["between"]) == ("b1", "b2")


def test_an_agent_that_restarts_again_and_again_is_one(watching: Watching) -> None:
    beat_as(watching, "s1", "b2", "b3", "b4", "b5", "b6", "b7")

    assert opened(watching) == []


def test_two_under_one_name_that_throw_each_other_out_are_not_down(watching: Watching) -> None:
    machine = watching.machines["s1"]
    beat_as(watching, "s1", "b2", "b1", "b2")
    watching.mute("s1")
    watching.deliver(machine.death())
    watching.run(5.0)
    watching.unmute("s1")

    watching.run(10.0)

    assert opened(watching) == [("identity s1", "duplicate_identity")]


def test_a_name_that_belongs_to_one_for_a_minute_is_well_again(watching: Watching) -> None:
    beat_as(watching, "s1", "b2", "b1", "b2", "b1")
    watching.lines()
    last = watching.now - 0.5

    watching.run(ALTERNATION_S + 5.0)

    lines: list[Line] = watching.lines()
    assert lines == [(last + ALTERNATION_S, "closed", "identity s1", "duplicate_identity")]


def say(watching: Watching, seq: int, *states: CheckState) -> None:
    """Let s1 say what its results check found, every two seconds."""
    for number, state in enumerate(states):
        reading = CheckReading(
            check="odf",
            kind="http",
            state=state,
            every_s=2.0,
            wall_ms=int((WALL + watching.now) * 1000),
            duration_s=0.1,
        )
        said = Checks("b1", 1, seq + number, 0, [reading])
        watching.deliver(Message(watching.machines["s1"].topic(Stream.CHECKS), encode(said)))
        watching.run(2.0)


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("frozen", "results_frozen"),
        ("delayed", "results_delayed"),
        ("silent", "results_silent"),
        ("redundancy_lost", "redundancy_lost"),
    ],
)
def test_a_results_feed_that_is_not_well_is_a_problem_of_its_own(
    watching: Watching, state: CheckState, cause: str
) -> None:
    say(watching, 0, "flowing", state, state)

    assert [line[1:] for line in watching.lines()] == [("opened", "feed s1", cause)]
    assert watching.state("s1") == "up"


def test_a_feed_gets_its_newest_cause(watching: Watching) -> None:
    say(watching, 0, "delayed", "frozen")

    assert [line[1:] for line in watching.lines()] == [
        ("opened", "feed s1", "results_delayed"),
        ("sharpened", "feed s1", "results_frozen"),
    ]


@pytest.mark.parametrize("state", ["flowing", "not_expected"])
def test_a_feed_that_is_well_for_three_beats_is_no_problem(
    watching: Watching, state: CheckState
) -> None:
    say(watching, 0, "frozen", state)
    watching.run(1.5)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_feed_that_is_well_again_ends_however_often_it_says_so(watching: Watching) -> None:
    say(watching, 0, "frozen", "flowing", "flowing", "flowing", "flowing", "flowing")

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_feed_that_is_well_for_a_moment_stays_a_problem(watching: Watching) -> None:
    say(watching, 0, "frozen", "flowing", "frozen", "frozen", "frozen")

    assert [line[1] for line in watching.lines()] == ["opened"]


@pytest.mark.parametrize("state", ["ok", "warning", "critical", "unknown"])
def test_what_is_no_results_check_is_no_feed(watching: Watching, state: CheckState) -> None:
    say(watching, 0, state, state)

    assert watching.lines() == []
