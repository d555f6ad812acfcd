"""Many at once: what is told of a thousand hosts that hang up, and of 35,000 that are silent."""

import random
from collections.abc import Container

import pytest

from tests.kit.story import STEP_S, Story

VENUES = 20
HOSTS = 50
FLEET = {f"V{at}": tuple(f"v{at}-{number}" for number in range(HOSTS)) for at in range(VENUES)}
NAMES = [name for hosts in FLEET.values() for name in hosts]


@pytest.fixture
def thousand() -> Story:
    return Story(FLEET).bring_up()


def hang_up_at_random(story: Story, rng: random.Random, back: Container[str]) -> None:
    """Close every connection within 0.4 s; those ``back`` are so within 1 s of their own."""
    steps: dict[int, list[tuple[bool, str]]] = {}
    for name in NAMES:
        step = rng.randrange(4)
        steps.setdefault(step, []).append((False, name))
        if name in back:
            steps.setdefault(step + rng.randrange(1, 8), []).append((True, name))
    for step in range(16):
        for is_back, name in steps.get(step, ()):
            if is_back:
                story.deliver(story.machines[name].reconnect())
            else:
                story.kill(name)
        story.run(STEP_S)


@pytest.mark.parametrize("seed", range(3))
def test_thousand_hosts_that_hang_up_and_are_back_are_no_incident(
    thousand: Story, seed: int
) -> None:
    hang_up_at_random(thousand, random.Random(seed), NAMES)

    thousand.run(10.0)

    assert thousand.lines() == []
    assert thousand.accused() == []


def test_those_of_a_thousand_that_are_not_back_are_one_incident(thousand: Story) -> None:
    rng = random.Random(3)
    away = rng.sample(NAMES, 40)
    hang_up_at_random(thousand, rng, set(NAMES) - set(away))

    thousand.run(20.0)

    assert thousand.opened() == [("centre", "hung_up_together")]
    assert set(thousand.incident("centre").children) == set(away)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_35000_hosts_silent_at_once_and_back_are_one_incident() -> None:
    names = {f"V{at}": tuple(f"v{at}-{number}" for number in range(100)) for at in range(350)}
    fleet = Story(names)
    for machine in fleet.machines.values():
        machine.interval_s = 5.0
    fleet.bring_up()

    fleet.mute(*fleet.machines, run_s=13.0)
    fleet.unmute(*fleet.machines, run_s=10.0)

    assert [line[1:] for line in fleet.lines()] == [
        ("opened", "centre", "aggregator_blind"),
        ("closed", "centre", "aggregator_blind"),
    ]
