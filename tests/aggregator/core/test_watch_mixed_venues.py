"""Cuts of venues whose hosts do not beat as one: slow ones, absent ones, strangers, and again."""

import pytest

from aggregator.core.states import HostState
from tests.aggregator.machine import Message
from tests.aggregator.watching import Watching
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, encode
from venuewatch.base.wire.topics import Stream

HERE = ("s1", "s2", "s3")


def scopes(watching: Watching) -> list[str]:
    return sorted(subject.scope for subject in watching.watch.incidents.open)


@pytest.mark.parametrize(("is_reached", "is_behind"), [(None, True), (False, False)])
def test_who_fell_first_and_could_not_be_explained_is_behind_the_cut(
    *, is_reached: bool | None, is_behind: bool
) -> None:
    mixed = Watching()
    for name, phase_s in (("s2", 4.5), ("s3", 4.75)):
        mixed.machines[name].interval_s = 5.0
        mixed.machines[name].phase_s = phase_s
    mixed.bring_up()  # at 5 s
    mixed.mute(*HERE)

    mixed.run(2.0)
    alone = mixed.lines()
    if is_reached is not None:  # before the link was cut
        for by in ("s2", "s3"):
            mixed.word(by, 1, "s1", is_reached=is_reached)
    mixed.run(10.0)

    assert [line[1:] for line in alone] == [("opened", "host s1", "silent")]
    assert ("s1" in mixed.incident("venue", "STA").children) == is_behind
    assert (mixed.state("s1") is HostState.UNREACHABLE) == is_behind


def test_a_venue_that_is_cut_again_and_again_is_one_incident(watching: Watching) -> None:
    for _ in range(5):
        watching.mute(*HERE)
        watching.run(5.0)
        watching.unmute(*HERE)
        watching.run(5.0)

    assert [line[1] for line in watching.lines()] == [
        "opened",
        "closed",
        "opened",
        "closed",
        "opened",
    ]
    incident = watching.incident("venue", "STA")
    assert (incident.cause, incident.falls) == ("flapping", 5)


@pytest.mark.parametrize(
    ("interval_s", "phase_s", "margin_s"),
    [(5.0, 3.0, 1.75), (1.0, 0.75, 0.5)],
    ids=["slow beats", "short margin"],
)
def test_two_that_are_not_due_together_are_behind_one_cut(
    interval_s: float, phase_s: float, margin_s: float
) -> None:
    pair = Watching({"STA": ("s1", "s2"), "AQU": ("a1", "a2", "a3")}, margin_s=margin_s)
    pair.machines["s2"].phase_s = phase_s
    for name in ("s1", "s2"):
        pair.machines[name].interval_s = interval_s
    pair.bring_up()
    pair.run(10.0)
    pair.mute("s1", "s2")

    pair.run(30.0)

    assert scopes(pair) == ["venue"]


def test_a_second_cut_before_everybody_is_back_names_no_host() -> None:
    pair = Watching({"STA": ("s1", "s2"), "AQU": ("a1", "a2", "a3")})
    pair.bring_up()
    pair.mute("s1", "s2")
    pair.run(10.0)
    pair.unmute("s1")
    pair.run(4.0)
    pair.mute("s1")

    pair.run(60.0)

    assert scopes(pair) == ["venue"]


def test_a_slow_host_of_a_cut_venue_is_behind_the_cut() -> None:
    mixed = Watching()
    mixed.machines["s3"].interval_s = 60.0
    mixed.bring_up()
    mixed.run(20.0)
    mixed.mute(*HERE)

    mixed.run(120.0)

    assert set(mixed.incident("venue", "STA").children) == set(HERE)
    assert [line[1:3] for line in mixed.lines()] == [("opened", "venue STA")]


def test_a_slow_host_of_a_venue_that_flaps_is_not_accused_itself() -> None:
    mixed = Watching()
    mixed.machines["s3"].interval_s = 60.0
    mixed.bring_up()
    for _ in range(3):
        mixed.unmute(*HERE)
        mixed.run(6.0)
        mixed.mute(*HERE)
        mixed.run(5.0)
    cause = mixed.incident("venue", "STA").cause

    mixed.run(120.0)

    assert cause == "flapping"
    assert {line[2] for line in mixed.lines()} == {"venue STA"}


def test_who_is_behind_a_later_fall_of_a_venue_that_flaps_is_listed_too() -> None:
    four = Watching({"STA": (*HERE, "s4"), "AQU": ("a1", "a2")})
    four.bring_up()
    four.deliver(four.machines["s4"].death("farewell"))
    four.mute("s4")
    for _ in range(3):
        four.mute(*HERE)
        four.run(5.0)
        four.unmute(*HERE)
        four.run(6.0)
    four.unmute("s4")
    four.run(4.0)

    four.mute(*HERE, "s4")
    four.run(5.0)

    assert set(four.incident("venue", "STA").children) == {*HERE, "s4"}


def test_a_host_that_beats_each_minute_ends_the_cut_of_its_venue() -> None:
    mixed = Watching()
    mixed.machines["s3"].interval_s = 60.0
    mixed.bring_up()
    mixed.mute("s1", "s2")  # which are dead

    mixed.run(600.0)

    assert scopes(mixed) == ["host", "host"]
    assert {mixed.state(name) for name in ("s1", "s2")} == {HostState.DOWN}


def test_a_host_that_comes_back_from_elsewhere_ends_the_cut_of_its_venue(
    watching: Watching,
) -> None:
    watching.deliver(watching.machines["s3"].death("farewell"))
    watching.mute(*HERE)
    watching.run(10.0)
    cut = scopes(watching)
    watching.unmute("s3")

    watching.run(60.0)

    assert cut == ["venue"]
    assert scopes(watching) == ["host", "host"]


def test_a_host_that_was_down_before_the_cut_ends_it_when_it_is_back(watching: Watching) -> None:
    watching.reach["s3"] = False
    watching.mute("s3")
    watching.run(10.0)
    watching.mute("s1", "s2")
    watching.run(10.0)
    cut = scopes(watching)
    watching.unmute("s3")

    watching.run(60.0)

    assert cut == ["host", "venue"]
    assert scopes(watching) == ["host", "host"]
    assert watching.state("s1") is HostState.DOWN


def test_a_stranger_that_is_heard_shows_that_the_way_to_its_venue_works(
    watching: Watching,
) -> None:
    watching.mute("s1", "s2", "s3")
    watching.run(10.0)
    cut = scopes(watching)

    for seq in range(60):
        said = Beat("b1", 1, seq, 0, 0)
        watching.deliver(Message(topics.topic("STA", "visitor", Stream.BEAT), encode(said)))
        watching.run(1.0)

    assert cut == ["venue"]
    assert "venue" not in scopes(watching)


def test_who_is_away_is_not_accused_of_it_while_its_venue_is_cut() -> None:
    away = Watching(away_limit_s=30.0)
    away.bring_up()
    away.deliver(away.machines["s3"].death("farewell"))
    away.mute("s3")
    away.run(10.0)
    away.mute("s1", "s2")
    away.run(100.0)
    cut = scopes(away)
    away.unmute("s1", "s2")

    away.run(60.0)

    assert cut == ["venue"]
    assert [line[2:] for line in away.lines()][-1] == ("host s3", "did_not_return")


def test_the_wills_of_a_venues_own_broker_that_stops_name_no_host(watching: Watching) -> None:
    for name in HERE:
        watching.kill(name)
    watching.deliver(Message(topics.BRIDGES + "STA", b"0"))

    watching.run(10.0)

    assert [line[1:3] for line in watching.lines()] == [("opened", "venue STA")]


def test_a_will_that_a_new_session_voided_is_no_evidence_against_that_session(
    watching: Watching,
) -> None:
    machine = watching.machines["s1"]
    watching.deliver(machine.death())
    machine.session = 2
    watching.deliver(machine.birth())
    watching.mute(*HERE)

    watching.run(10.0)

    assert [line[1:3] for line in watching.lines()] == [("opened", "venue STA")]
