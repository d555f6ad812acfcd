"""The broker stops while it reads the access rules of a large fleet: we were told before."""

import pytest

from aggregator.core import inventory_change
from aggregator.core.hearing import STOP_FROM_HOSTS, STOP_WITHIN_S
from tests.kit.story import STADE, Story, fleet_of

BLIND = ("opened", "centre", "aggregator_blind")
DEAD = ("opened", "centre", "broker_down")


def of_centre(story: Story) -> list[tuple[str, str, str]]:
    return [line[1:] for line in story.lines() if line[2] == "centre"]


@pytest.fixture
def told(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """An aggregator of a large fleet, which has just read its inventory again."""
    monkeypatch.setattr(inventory_change, "STOP_FROM_HOSTS", 2)
    story.centre.change_inventory(story.now, fleet_of(STADE))
    story.look()
    story.lines()
    return story


def test_expected_stop_of_the_broker_is_no_incident(told: Story) -> None:
    told.hold(11.0)
    told.run(10.0)
    told.hold(11.0)
    told.run(STOP_WITHIN_S)

    assert told.lines() == []


def test_reload_of_a_small_fleet_excuses_no_stop(story: Story) -> None:
    story.centre.change_inventory(story.now, fleet_of(STADE))

    story.hold(11.0)

    assert of_centre(story) == [BLIND]


def test_connection_that_a_stop_ends_is_no_incident(told: Story) -> None:
    told.hold(6.0)
    told.reconnect(6.0)
    told.run(STOP_WITHIN_S)

    assert told.lines() == []


def test_broker_that_dies_meanwhile_is_told_as_ever(told: Story) -> None:
    told.lose_connection()
    told.run(2.5)
    told.centre.port_said(told.now, "refuses")
    told.run(3.0)

    assert of_centre(told) == [DEAD]


def test_stop_that_lasts_too_long_is_told(told: Story) -> None:
    began = told.now
    told.hold(STOP_WITHIN_S + 2.0)

    ((at, *line),) = [line for line in told.lines() if line[2] == "centre"]
    assert tuple(line) == BLIND
    assert at <= began + STOP_WITHIN_S + 0.5


def test_stop_long_after_the_reload_is_told(told: Story) -> None:
    told.run(STOP_WITHIN_S)

    told.hold(11.0)

    assert of_centre(told)[0] == BLIND


@pytest.mark.parametrize("more", [0, 1])
def test_stop_is_expected_past_3000_hosts(story: Story, more: int) -> None:
    known = sum(map(len, STADE.values()))
    names = {**STADE, "BIG": [f"h{at}" for at in range(STOP_FROM_HOSTS - known + more)]}
    story.centre.change_inventory(story.now, fleet_of(names))

    story.hold(8.0)

    assert of_centre(story) == ([] if more else [BLIND])
