"""Beats that echo no tick: a host, or a whole venue, that does not hear us."""

import pytest

from tests.aggregator.watching import STADE, STEP_S, Watching


def opened(watching: Watching) -> list[tuple[str, str]]:
    """Return whom anything was said of, and why, since the last call."""
    return [(who, cause) for _, change, who, cause in watching.lines() if change == "opened"]


def test_a_host_that_echoes_no_tick_is_a_link_one_way(watching: Watching) -> None:
    watching.machines["s1"].is_deaf = True

    watching.run(15.0)

    assert opened(watching) == [("link s1", "one_way_loss")]
    assert watching.state("s1") == "up"
    assert watching.evidence("link", "s1")["no_echo"].detail["hosts_beating"] == 3.0


def test_a_link_that_works_both_ways_again_is_over_after_three_echoes(watching: Watching) -> None:
    watching.machines["s1"].is_deaf = True
    watching.run(15.0)
    watching.lines()

    watching.machines["s1"].is_deaf = False
    watching.run(2.0)
    before = watching.lines()
    watching.run(1.5)

    assert before == []
    assert [line[1:] for line in watching.lines()] == [("closed", "link s1", "one_way_loss")]


def test_a_few_ticks_that_are_lost_are_nobodys_news(watching: Watching) -> None:
    watching.machines["s1"].is_deaf = True
    watching.run(4.0)
    watching.machines["s1"].is_deaf = False
    watching.run(10.0)

    assert watching.lines() == []


def test_ticks_that_do_not_come_back_to_us_either_are_no_link_of_a_hosts(
    watching: Watching,
) -> None:
    for machine in watching.machines.values():
        machine.is_deaf = True
    watching.canary_s = None

    watching.run(15.0)

    assert [who for who, _ in opened(watching)] == ["centre"]


@pytest.mark.parametrize("deaf", [("s1", "s2"), ("s1", "s2", "s3")])
def test_most_of_a_venue_that_do_not_hear_us_are_one_link(
    watching: Watching, deaf: tuple[str, ...]
) -> None:
    for name in deaf:
        watching.machines[name].is_deaf = True

    watching.run(15.0)

    assert opened(watching) == [("link STA", "one_way_loss")]
    assert set(watching.incident("link").children) == set(deaf)


def test_a_venues_link_is_over_when_any_of_its_hosts_hears_us_again(watching: Watching) -> None:
    for name in ("s1", "s2", "s3"):
        watching.machines[name].is_deaf = True
    watching.run(15.0)
    watching.lines()

    for name in ("s1", "s2", "s3"):
        watching.machines[name].is_deaf = False
    watching.run(5.0)

    assert [line[1:] for line in watching.lines()] == [("closed", "link STA", "one_way_loss")]


def test_two_of_five_that_do_not_hear_us_are_two_links() -> None:
    five = Watching({"STA": ("s1", "s2", "s3", "s4", "s5")})
    five.bring_up()
    for name in ("s1", "s2"):
        five.machines[name].is_deaf = True

    five.run(15.0)

    assert sorted(opened(five)) == [("link s1", "one_way_loss"), ("link s2", "one_way_loss")]


def test_one_venues_link_that_is_over_does_not_hide_that_anothers_is(watching: Watching) -> None:
    for machine in watching.machines.values():
        machine.is_deaf = True
    watching.run(15.0)
    for name in ("s1", "s2", "s3", "a1", "a2", "a3"):  # STA first, AQU five seconds later
        if name == "a1":
            watching.run(5.0)
        watching.machines[name].is_deaf = False
    watching.run(5.0)

    assert watching.watch.incidents.open == {}
    assert len(opened(watching)) == 2


def test_beats_of_a_burst_that_echo_nothing_count_once() -> None:
    patient = Watching(margin_s=9.0)
    patient.bring_up()
    patient.machines["s1"].is_deaf = True

    patient.hang("s1", 20.0)
    patient.machines["s1"].is_deaf = False
    patient.run(5.0)

    assert [who for who, _ in opened(patient) if who.startswith("link")] == []


def test_a_new_host_that_beats_faster_than_we_tick_is_not_accused() -> None:
    quick = Watching(STADE | {"TAH": ("t1",)})
    quick.mute("t1")
    quick.machines["t1"].interval_s = STEP_S
    quick.bring_up()
    quick.run(8.0)
    quick.machines["t1"].echo_of = None

    quick.unmute("t1")
    quick.run(0.875)

    assert quick.lines() == []


def test_a_link_of_a_host_that_beats_faster_than_we_tick_ends_too() -> None:
    quick = Watching(STADE | {"TAH": ("t1",)})
    quick.machines["t1"].interval_s = STEP_S
    quick.machines["t1"].is_deaf = True
    quick.bring_up()
    quick.run(20.0)
    quick.machines["t1"].is_deaf = False

    quick.run(10.0)

    assert [line[1:3] for line in quick.lines()] == [("opened", "link t1"), ("closed", "link t1")]


def test_a_host_that_leaves_takes_its_link_with_it(watching: Watching) -> None:
    watching.machines["s1"].is_deaf = True
    watching.run(15.0)
    watching.deliver(watching.machines["s1"].death("farewell"))
    watching.mute("s1")

    watching.run(60.0)

    assert [line[1:3] for line in watching.lines()] == [
        ("opened", "link s1"),
        ("closed", "link s1"),
    ]


def test_a_venue_that_leaves_takes_its_link_with_it(watching: Watching) -> None:
    for name in ("s1", "s2", "s3"):
        watching.machines[name].is_deaf = True
    watching.run(15.0)
    for name in ("s1", "s2", "s3"):
        watching.deliver(watching.machines[name].death("farewell"))
        watching.mute(name)

    watching.run(60.0)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_link_of_which_nothing_new_is_known_is_not_written_down_again(
    watching: Watching,
) -> None:
    for name in ("s1", "s2", "s3"):
        watching.machines[name].is_deaf = True
    watching.run(15.0)
    watching.watch.register.touched()

    watching.run(10.0)

    assert watching.watch.register.touched() == []


def test_an_agent_that_is_back_and_hears_us_is_not_accused_of_what_it_was_before(
    watching: Watching,
) -> None:
    machine = watching.machines["s1"]
    machine.is_deaf = True
    watching.run(15.0)
    watching.deliver(machine.death("farewell"))
    watching.mute("s1")
    watching.run(20.0)
    watching.lines()
    machine.boot, machine.is_deaf, machine.echo_of = "b2", False, None
    watching.deliver(machine.birth())
    watching.unmute("s1")

    watching.run(10.0)

    assert watching.lines() == []


def test_who_does_not_hear_us_later_than_its_venue_is_behind_its_link(watching: Watching) -> None:
    for name in ("s1", "s2"):
        watching.machines[name].is_deaf = True
    watching.run(15.0)

    watching.machines["s3"].is_deaf = True
    watching.run(15.0)

    assert opened(watching) == [("link STA", "one_way_loss")]
    assert set(watching.incident("link").children) == {"s1", "s2", "s3"}
