"""Names that the inventory does not list have no vote, whatever is judged by most hosts."""

import pytest

from aggregator.core.incidents.troubles import subject_of
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.our_clock import STEADY_S
from aggregator.core.verdicts.silence import Inquiry
from tests.kit.checks import changes, report
from tests.kit.machine import Machine
from tests.kit.story import STEP_S, Story
from tests.kit.worlds import hang_up

YEAR_S = 31_536_000.0
JUMPED = subject_of(Cause.CLOCK_JUMP)
TEN = tuple(f"s{number}" for number in range(10))
UNLISTED = tuple(f"x{number}" for number in range(30))


@pytest.fixture
def crowd() -> Story:
    """A venue of ten, another one, and thirty names beside the ten that nobody lists."""
    story = Story({"STA": TEN, "AQU": ("a1", "a2", "a3")}).bring_up()
    join(story, *UNLISTED)
    story.run(45.0)  # until it is no more awaited that they are back
    assert not story.host("x0").is_listed
    story.forget()
    return story


def join(story: Story, *names: str, clock_ahead_s: float = 0.0) -> None:
    for number, name in enumerate(names):
        machine = story.machines[name] = Machine("STA", name, STEP_S * (number % 8))
        machine.clock_ahead_s = clock_ahead_s
        story.deliver(machine.beat(story.now), machine.birth())


def set_deaf(story: Story, *names: str, is_deaf: bool = True) -> None:
    for name in names:
        story.machines[name].is_deaf = is_deaf


def test_their_clocks_do_not_make_a_listed_one_wrong() -> None:
    story = Story({"STA": TEN, "AQU": ("a1", "a2", "a3")}).bring_up()
    join(story, *UNLISTED, clock_ahead_s=3_600.0)

    story.run(30.0)

    assert {who for who, _ in story.opened()} == {f"clock {name}" for name in UNLISTED}


def test_their_clocks_alone_are_no_yardstick() -> None:
    story = Story({"STA": ("s1",)}).bring_up()
    join(story, *UNLISTED, clock_ahead_s=3_600.0)

    story.run(30.0)

    assert ("clock s1", "clock_skew") not in story.opened()


def test_their_clocks_do_not_make_ours_right() -> None:
    story = Story({"STA": TEN}).bring_up()
    join(story, *UNLISTED, clock_ahead_s=YEAR_S)
    story.run(5.0)

    story.wall_step_s += YEAR_S
    story.run(STEADY_S + 30.0)

    assert JUMPED in story.centre.decisions.store.open


def test_their_clocks_do_not_keep_ours_in_doubt() -> None:
    story = Story()
    story.wall_step_s = -YEAR_S
    story.open()
    join(story, *UNLISTED, clock_ahead_s=-YEAR_S)
    story.run(10.0)

    story.wall_step_s = 0.0
    story.run(STEADY_S + 10.0)

    assert JUMPED not in story.centre.decisions.store.open


def test_a_deaf_venue_is_one_link_beside_them(crowd: Story) -> None:
    set_deaf(crowd, *TEN)

    crowd.run(15.0)

    assert crowd.opened() == [("link STA", "one_way_loss")]


def test_a_deaf_host_is_one_link_though_they_are_deaf_too(crowd: Story) -> None:
    set_deaf(crowd, "s1", *UNLISTED)

    crowd.run(15.0)

    opened = crowd.opened()
    assert ("link s1", "one_way_loss") in opened
    assert ("link STA", "one_way_loss") not in opened


def test_their_echo_does_not_end_a_venues_link(crowd: Story) -> None:
    set_deaf(crowd, *TEN, "x0")
    crowd.run(15.0)
    assert "x0" in crowd.incident("link", "STA").children

    set_deaf(crowd, "x0", is_deaf=False)
    crowd.run(10.0)

    assert [line[1:] for line in crowd.lines()] == [("opened", "link STA", "one_way_loss")]


def test_a_venues_link_ends_with_them_once_nobody_there_is_listed(crowd: Story) -> None:
    set_deaf(crowd, *TEN)
    crowd.run(15.0)
    for name in TEN:
        crowd.host(name).is_listed = False

    set_deaf(crowd, *TEN, is_deaf=False)
    crowd.run(10.0)

    assert ("closed", "link STA", "one_way_loss") in [line[1:] for line in crowd.lines()]


def test_a_check_that_most_listed_hosts_fail_is_of_the_venue(crowd: Story) -> None:
    for name in UNLISTED:
        report(crowd, name, "ok")

    for _ in range(2):
        for name in TEN:
            report(crowd, name, "critical")

    crowd.run(20.0)
    assert changes(crowd) == [("opened", "check STA")]


def test_a_check_that_only_they_fail_is_not_of_the_venue(crowd: Story) -> None:
    for name in TEN:
        report(crowd, name, "ok")

    for _ in range(2):
        for name in UNLISTED:
            report(crowd, name, "critical")

    crowd.run(20.0)
    assert ("opened", "check STA") not in changes(crowd)


def test_a_failed_check_waits_for_none_of_their_readings(crowd: Story) -> None:
    for name in (*TEN, *UNLISTED):
        report(crowd, name, "ok")
    crowd.run(1.0)
    report(crowd, "s0", "critical", "critical")

    for name in TEN[1:]:
        report(crowd, name, "ok")

    assert changes(crowd) == [("opened", "check s0")]


def test_hang_ups_of_theirs_make_no_cut_of_a_part(crowd: Story) -> None:
    for name in TEN[3:]:
        crowd.machines[name].interval_s = 30.0
        crowd.deliver(crowd.machines[name].birth(), crowd.machines[name].beat(crowd.now))
    crowd.run(1.0)
    hang_up(crowd, *TEN[:3], *UNLISTED)

    crowd.run(5.0)

    assert crowd.opened() == [("venue STA", "hung_up_together")]


def test_a_neighbour_that_is_unlisted_is_not_counted_as_heard(crowd: Story) -> None:
    hang_up(crowd, "s0", run_s=1.0)

    judging = crowd.centre.decisions.judging
    verdict = judging.verdict_after(Inquiry(), crowd.host("s0"), crowd.now)

    assert verdict.evidence[0].detail["others_heard"] == 9
