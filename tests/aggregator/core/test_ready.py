"""Readiness of the centre: each host is decided that it had when it began to hear."""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import GRACE_S, MARGIN_S, Machine
from tests.kit.story import STADE, Story, fleet_of

VENUE = {"STA": STADE["STA"]}


def add(story: Story, code: str, name: str) -> None:
    """Add a host to the inventory, whose machine is mute."""
    story.machines[name] = Machine(code, name, 0.25)
    story.mute(name)
    names: dict[str, list[str]] = {}
    for machine in story.machines.values():
        names.setdefault(machine.venue, []).append(machine.name)
    story.centre.change_inventory(story.now, fleet_of(names, margin_s=MARGIN_S))
    story.look()


@pytest.mark.parametrize("code", ["STA", "TAH"])
def test_centre_stays_ready_while_a_host_that_was_added_is_awaited(code: str) -> None:
    story = Story(VENUE).bring_up()
    add(story, code, "new")
    assert (story.state("new"), story.centre.is_ready) == (HostState.UNKNOWN, True)

    story.deliver(story.machines["new"].birth())

    assert (story.state("new"), story.centre.is_ready) == (HostState.UNKNOWN, True)


def test_host_that_was_added_is_awaited_like_all_once_we_hear_again() -> None:
    story = Story(VENUE).bring_up()
    add(story, "STA", "new")

    story.lose_connection()
    story.regain_connection(*VENUE["STA"])
    story.run(GRACE_S / 2)

    awaited = [name for name in story.machines if story.state(name) is HostState.UNKNOWN]
    assert (awaited, story.centre.is_ready) == (["new"], False)
    story.run(GRACE_S)
    assert (story.state("new"), story.centre.is_ready) == (HostState.DOWN, True)


def test_host_added_within_the_grace_does_not_lengthen_it() -> None:
    story = Story(VENUE)
    story.subscribe(0.0)
    story.mute(*story.machines, run_s=GRACE_S / 2)
    add(story, "TAH", "new")
    assert not story.centre.is_ready

    story.run(GRACE_S / 2 + 0.5)

    assert (story.state("new"), story.centre.is_ready) == (HostState.UNKNOWN, True)
