"""Two agents under one name."""

from aggregator.core.oddities import ALTERNATION_S
from tests.aggregator.watching import Line, Watching


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


def test_a_name_whose_second_one_vanished_has_time_to_find_back(watching: Watching) -> None:
    beat_as(watching, "s1", "b2", "b1", "b2")
    watching.deliver(watching.machines["s1"].birth())
    watching.mute("s1")  # no will: the connection of the one that had it last just hangs

    watching.run(12.0)
    watching.unmute("s1")
    watching.run(10.0)

    assert opened(watching) == [("identity s1", "duplicate_identity")]


def test_a_name_for_two_that_nobody_has_any_more_is_down_after_the_grace(
    watching: Watching,
) -> None:
    beat_as(watching, "s1", "b2", "b1", "b2")
    watching.deliver(watching.machines["s1"].birth())
    watching.mute("s1")

    watching.run(30.0)

    assert [who for who, _ in opened(watching)] == ["identity s1", "host s1"]


def test_a_stall_of_ours_takes_nothing_from_the_time_to_find_back(watching: Watching) -> None:
    beat_as(watching, "s1", "b2", "b1", "b2")
    watching.deliver(watching.machines["s1"].birth())
    watching.mute("s1")
    watching.run(10.0)
    stalled_at = watching.now
    watching.now += 15.0

    watching.watch.stalled(stalled_at, watching.now)
    watching.run(5.0)
    watching.unmute("s1")
    watching.run(10.0)

    assert opened(watching) == [("identity s1", "duplicate_identity")]
