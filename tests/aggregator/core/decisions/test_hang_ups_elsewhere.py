"""Hosts of some venues that hang up and are back, in turn: kills elsewhere are known as soon."""

from itertools import chain

import pytest

from tests.kit.story import STEP_S, Story
from tests.kit.worlds import come_back, hang_up

MANY = 130
SOON_S = 0.3


@pytest.fixture
def fleet() -> Story:
    """Two large venues that may be made to rotate, and one of twelve."""
    names = {code: [f"{code.lower()}{at}" for at in range(MANY)] for code in "AC"}
    return Story(names | {"B": [f"b{at}" for at in range(12)]}).bring_up()


def rotate(story: Story, codes: str, turns: range, *, every_s: float, per: int = 1) -> None:
    """Let ``per`` hosts of each venue hang up and be back at once, turn by turn."""
    for turn in turns:
        for at in range(per):
            reset(story, *(f"{code}{(turn * per + at) % MANY}" for code in codes))
        story.run(every_s)


def reset(story: Story, *names: str) -> None:
    for name in names:
        hang_up(story, name)
        come_back(story, name)


def test_two_of_another_venue_delay_no_kill(fleet: Story) -> None:
    at = fleet.now
    reset(fleet, "a1", "a2")

    hang_up(fleet, "b0", run_s=SOON_S)

    assert fleet.lines() == [(at + 0.2, "opened", "host b0", "connection_lost")]


def test_three_of_another_venue_delay_no_kill(fleet: Story) -> None:
    at = fleet.now
    reset(fleet, "a1", "a2", "a3")

    hang_up(fleet, "b0", run_s=SOON_S)

    assert fleet.lines() == [(at + 0.2, "opened", "host b0", "connection_lost")]


@pytest.mark.parametrize(
    ("codes", "every_s", "per"), [("a", 1.875, 2), ("a", 0.5, 1), ("ac", 0.5, 1)]
)
def test_rotating_venues_delay_no_kill_elsewhere(
    fleet: Story, codes: str, every_s: float, per: int
) -> None:
    before = int(10.0 / every_s)
    rotate(fleet, codes, range(before), every_s=every_s, per=per)
    late = []
    between = int(13.0 / every_s)
    for kill in range(10):
        at = fleet.now
        first = before + between * kill
        reset(fleet, *(f"{code}{first % MANY}" for code in codes))
        hang_up(fleet, f"b{kill}", run_s=SOON_S)
        late += [line[0] - at for line in fleet.lines() if line[2] == f"host b{kill}"]
        rotate(fleet, codes, range(first + 1, first + between), every_s=every_s, per=per)

    assert len(late) == 10
    assert max(late) <= SOON_S
    assert {line[2] for line in fleet.lines()} == set()


@pytest.mark.parametrize("hosts", [3, 12])
@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_a_broker_that_closes_connections_one_after_the_other_is_no_news(
    hosts: int, seconds: float
) -> None:
    names = {f"V{code}": [f"v{code}-{at}" for at in range(hosts)] for code in range(20)}
    story = Story(names).bring_up()
    order = list(chain.from_iterable(zip(*names.values(), strict=True)))
    steps = int(seconds / STEP_S)
    gone: list[list[str]] = []
    for step in range(steps + 8):
        if step < steps:
            gone.append(order[step::steps])
            hang_up(story, *gone[-1])
        if step >= 8:
            come_back(story, *gone[step - 8])
        story.run(STEP_S)

    story.run(20.0)

    assert story.lines() == []


def test_a_host_that_is_restless_takes_its_venue_no_vote(fleet: Story) -> None:
    for _ in range(4):
        reset(fleet, "a1")
        fleet.run(3.0)
    fleet.run(7.0)
    fleet.forget()

    hang_up(fleet, "a2", "b1", "c1", run_s=1.0)
    come_back(fleet, "a2", "b1", "c1")
    fleet.run(5.0)

    assert fleet.lines() == []
