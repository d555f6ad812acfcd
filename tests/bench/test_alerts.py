"""Tests of the bench of alerts: what it counts as wrong."""

from typing import Any

from bench import alerts
from bench.alerts import SIDES, Side
from tests.integration.chain import BY_RULES, HOST, SHIPPED, TWO, VENUE, Chain, end_of
from tests.integration.duty import Told

SIDE = Side(BY_RULES, TWO[:1], ["V1"])
OF_ALL = [VENUE, VENUE._replace(of="V1"), HOST]
RIGHT = [*OF_ALL, *map(end_of, OF_ALL)]


class Heard:
    """Someone on duty who was told this."""

    def __init__(self, told: list[Told]) -> None:
        self._told = told

    def told(self) -> list[Told]:
        return self._told


def wrong(*told: Told) -> list[Told]:
    duty: Any = Heard(list(told))
    chain = Chain(SHIPPED, is_by_rules=True, duty=duty, aggregators=(), prometheus=None, hosts={})

    return sorted(alerts.wrong_notices(chain, SIDE).elements())


def test_each_outage_told_once_and_its_end_once_is_right() -> None:
    assert wrong(*RIGHT) == []


def test_second_firing_and_second_end_are_wrong() -> None:
    assert wrong(*RIGHT, VENUE, end_of(HOST)) == sorted([VENUE, end_of(HOST)])


def test_what_was_not_told_is_wrong() -> None:
    assert wrong(*RIGHT[1:]) == [VENUE]


def test_host_of_a_cut_venue_is_wrong() -> None:
    leaked = HOST._replace(of="STA-7")

    assert wrong(*RIGHT, leaked) == [leaked]


def test_monitor_that_is_gone_is_right_and_a_wrong_switch_is_not() -> None:
    gone = Told("/on-duty", "firing", "VenuewatchGone", "")
    switch = Told("/team", "firing", "VenuewatchIncidentsToldTwice", "")

    assert wrong(*RIGHT, gone, switch) == [switch]


def test_every_side_has_a_goal_for_wrong_notices() -> None:
    held = {goal.side for goal in alerts.GOALS if goal.key == "wrong_notices"}

    assert held == SIDES.keys()
