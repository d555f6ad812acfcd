"""Our own wall clock: a jump is told, accuses nobody, and is over when the clock is right."""

import pytest

from aggregator.core.incidents.troubles import subject_of
from aggregator.core.outputs import Moment
from aggregator.core.restore import Memory
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.our_clock import STEADY_S
from tests.kit.machine import WALL
from tests.kit.story import Story

YEAR_S = 31_536_000.0
JUMPED = subject_of(Cause.CLOCK_JUMP)


def up() -> Story:
    story = Story()
    story.open()
    story.run(10.0)
    return story


def opened(story: Story) -> set[str]:
    return {incident.cause for incident in story.centre.decisions.store.known()}


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_a_jump_is_one_incident_and_accuses_nobody(jump_s: float) -> None:
    story = up()

    story.wall_step_s += jump_s
    story.run(90.0)

    assert opened(story) == {Cause.CLOCK_JUMP}
    assert JUMPED in story.centre.decisions.store.open
    (incident,) = story.centre.decisions.store.known()
    assert incident.evidence[0].detail["jump_s"] == jump_s


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_a_clock_that_is_back_is_right_at_once(jump_s: float) -> None:
    story = up()
    story.wall_step_s += jump_s
    story.run(5.0)

    story.wall_step_s -= jump_s
    story.run(2.0)

    assert JUMPED not in story.centre.decisions.store.open


def test_a_clock_that_was_wrong_is_right_once_the_fleet_agrees() -> None:
    story = Story()
    story.wall_step_s = -YEAR_S
    story.open()
    story.run(10.0)

    story.wall_step_s = 0.0
    story.run(STEADY_S - 10.0)
    is_open = JUMPED in story.centre.decisions.store.open
    story.run(20.0)

    assert is_open
    assert JUMPED not in story.centre.decisions.store.open


@pytest.mark.parametrize("step_s", [3_000.0, -3_000.0])
def test_a_smaller_step_is_no_jump(step_s: float) -> None:
    story = up()

    story.wall_step_s += step_s
    story.run(30.0)

    assert opened(story) == set()


def test_incidents_of_a_doubtful_time_say_so() -> None:
    story = up()
    story.mute("s1")
    story.run(8.0)
    story.wall_step_s += YEAR_S
    story.run(5.0)
    story.mute("a1")
    story.run(8.0)

    seen = {
        incident.subject.host: [each.seen for each in incident.evidence]
        for incident in story.centre.decisions.store.known()
    }
    assert "clock_in_doubt" in seen["s1"]
    assert "clock_in_doubt" in seen["a1"]


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_lived_time_goes_on_while_the_clock_is_in_doubt(jump_s: float) -> None:
    story = up()
    before = story.now
    story.wall_step_s += jump_s
    story.run(5.0)

    lived_wall = story.centre.reception.our_clock.lived_wall

    assert lived_wall(before) is None
    assert lived_wall(story.now) == pytest.approx(WALL + story.now)
    story.wall_step_s -= jump_s
    story.run(2.0)
    assert lived_wall(story.now) is None


def test_a_jump_is_known_without_any_message() -> None:
    centre = Story().centre
    centre.woke(1.0, WALL + 1.0)

    centre.woke(2.0, WALL + 2.0 - YEAR_S)

    assert centre.reception.our_clock.lived_wall(2.0) == WALL + 2.0
    assert JUMPED in centre.decisions.store.open


def test_a_jump_before_the_start_is_over_when_the_clock_is_back() -> None:
    centre = Story().centre
    centre.restore(0.0, Memory(jump_s=YEAR_S))
    centre.woke(1.0, WALL + 1.0 + YEAR_S)
    lived = centre.reception.our_clock.lived_wall(1.0)

    centre.woke(2.0, WALL + 2.0)

    assert lived == WALL + 1.0
    assert not centre.reception.our_clock.is_in_doubt


@pytest.mark.parametrize("is_set_right", [False, True])
def test_a_doubt_outlives_a_restart(*, is_set_right: bool) -> None:
    story = up()
    story.wall_step_s += YEAR_S
    story.run(5.0)

    memory = story.centre.memory(Moment(story.now, WALL + story.now))
    back_s = -YEAR_S if is_set_right else 0.0
    story.wall_step_s += back_s
    story.restart(memory._replace(jump_s=back_s))
    story.open()
    story.run(40.0)

    assert story.centre.reception.our_clock.is_in_doubt is not is_set_right
    assert (JUMPED in story.centre.decisions.store.open) is not is_set_right
    if not is_set_right:
        lived = story.centre.reception.our_clock.lived_wall(story.now)
        assert lived == pytest.approx(WALL + story.now)
