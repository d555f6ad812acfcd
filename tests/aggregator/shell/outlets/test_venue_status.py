"""Venue status: published when it changes, kept by the broker, and read by other programs."""

from typing import Any

import msgspec
import pytest

from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.outputs import Connected, Connection, OtherState
from aggregator.core.restore import Memory
from aggregator.core.verdicts.causes import Cause, Verdict
from aggregator.shell.outlets.venue_status import INCIDENTS_MAX, VenueStatusOutlet
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.journal.process import STA, VENUES
from tests.kit.machine import WALL
from tests.kit.story import Story, fleet_of
from tests.kit.worlds import come_back, hang_up

UP = {"STA": {"up": 5}, "AQU": {"up": 2}}


class Board:
    """Another program, which reads what the broker keeps, and the outlet of one core."""

    def __init__(self) -> None:
        self.story = Story(VENUES, addresses=False)
        self.outlet = VenueStatusOutlet(
            self.story.centre, WallTime(0.0, WALL), name="centre", publish=self.publish
        )
        self.takes = True
        self.kept: dict[str, Any] = {}
        self.received = 0

    def live(self, until: float, *without: str) -> None:
        """Let all hosts but those ``without`` beat until then; the outlet takes every batch."""
        self.story.unmute(*self.story.machines)
        self.story.mute(*without)
        while self.story.now < until:
            self.story.run(0.125)
            self.outlet.take(self.story.said())

    def publish(self, topic: str, payload: bytes) -> bool:
        if not self.takes:
            return False
        assert topic.startswith("venuewatch/v1/_status/")
        self.received += 1
        self.kept[topic.rpartition("/")[2]] = msgspec.json.decode(payload) if payload else None
        return True

    def hosts(self) -> dict[str, dict[str, int]]:
        return {venue: status["hosts"] for venue, status in self.kept.items() if status}


@pytest.fixture
def board() -> Board:
    """Return the board of two venues that are up, at 10 s."""
    board = Board()
    board.story.open()
    board.live(10)
    return board


def test_every_venue_is_published_once_while_nothing_changes(board: Board) -> None:
    before = board.received

    board.live(30)

    assert board.hosts() == UP
    status = {"venue": "STA", "state": "ok", "hosts": {"up": 5}, "open": 0, "incidents": []}
    assert board.kept["STA"] == status | {"aggregator": "centre"}
    assert board.received == before


def test_a_fallen_host_is_published_of_its_venue_alone(board: Board) -> None:
    before = board.received

    board.live(20, "STA-1")

    status = board.kept["STA"]
    assert (status["state"], status["open"]) == ("degraded", 1)
    assert status["hosts"] == {"up": 4, "down": 1}
    listed = {"number": 1, "scope": "host", "host": "STA-1", "cause": "silent"}
    assert status["incidents"] == [listed | {"opened_at": WALL + 9.125 + 1.0 + 1.75}]
    assert board.received == before + 1


def test_a_status_is_published_with_the_next_tick(board: Board) -> None:
    board.live(11.875, "STA-1")
    at_the_verdict = board.kept["STA"]["state"]
    board.live(12, "STA-1")

    assert (at_the_verdict, board.kept["STA"]["state"]) == ("ok", "degraded")


def test_a_late_host_is_up(board: Board) -> None:
    before = board.received

    board.live(11.25, "STA-1")

    assert board.story.state("STA-1") == "late"
    assert board.received == before


def test_a_venue_that_is_cut_off_is_one_incident(board: Board) -> None:
    board.live(20, *STA)

    status = board.kept["STA"]
    assert (status["state"], status["hosts"]) == ("unreachable", {"unreachable": 5})
    assert [(each["scope"], each["children"]) for each in status["incidents"]] == [("venue", 5)]
    assert board.kept["AQU"]["state"] == "ok"


def test_a_status_that_is_not_sent_is_published_later(board: Board) -> None:
    board.takes = False
    board.live(20, "STA-1", "AQU-1")
    kept = board.hosts()

    board.takes = True
    board.live(21, "STA-1", "AQU-1")

    assert kept == UP
    assert board.hosts() == {"STA": {"up": 4, "down": 1}, "AQU": {"up": 1, "down": 1}}


@pytest.mark.parametrize(("connection", "again"), [("live", UP), ("bulk", {})])
def test_only_a_live_connection_gets_every_status_again(
    board: Board, connection: Connection, again: dict[str, object]
) -> None:
    board.kept.clear()

    board.outlet.take([Connected(10.0, connection)])
    board.live(11)

    assert board.hosts() == again


@pytest.mark.parametrize(("is_online", "again"), [(False, UP), (True, {})])
def test_last_status_of_one_that_goes_offline_is_replaced(
    board: Board, *, is_online: bool, again: dict[str, object]
) -> None:
    board.kept.clear()

    board.outlet.take([OtherState(10.0, "other", is_online)])
    board.live(11)

    assert board.hosts() == again


def test_the_status_of_a_venue_that_is_gone_is_cleared() -> None:
    board = Board()
    cut = Incident(1, Subject("venue", "OLD"), Cause.VENUE_UNREACHABLE, -5.0)

    board.story.centre.restore(0.0, Memory((), [cut], 2))
    board.story.open()
    board.live(2)

    assert board.kept["OLD"] is None


def test_another_inventory_is_published_with_the_next_tick(board: Board) -> None:
    before = board.received
    fleet = fleet_of({"STA": STA[:3], "NEW": ("NEW-1",)})

    board.story.centre.change_inventory(board.story.now, fleet)
    board.story.machines = {name: board.story.machines[name] for name in STA[:3]}
    board.live(11)

    assert board.hosts() == {"STA": {"up": 3}, "NEW": {"unknown": 1}}
    assert board.kept["AQU"] is None
    assert board.received == before + 3


def test_the_newest_incidents_are_listed_and_all_counted(board: Board) -> None:
    count = INCIDENTS_MAX + 5
    for number in range(count):
        subject = Subject("feed", "STA", "STA-1", f"feed-{number}")
        verdict = Verdict(Cause.RESULTS_FROZEN)
        board.story.centre.decisions.incidents.begin(subject, verdict, 10.0)

    board.live(12)

    status = board.kept["STA"]
    assert status["open"] == count
    assert [each["number"] for each in status["incidents"]] == list(range(count, 5, -1))
    assert status["incidents"][0]["check"] == f"feed-{count - 1}"


def test_status_lists_an_incident_of_several_venues_until_it_is_back(board: Board) -> None:
    hang_up(board.story, "STA-1", "STA-2", "AQU-1", "AQU-2")
    board.live(20, "STA-1", "STA-2", "AQU-1", "AQU-2")
    together = board.kept["AQU"]["incidents"]
    come_back(board.story, "AQU-1", "AQU-2")
    board.live(30, "STA-1", "STA-2")

    assert [(one["scope"], one["cause"]) for one in together] == [("centre", "hung_up_together")]
    assert board.kept["AQU"]["incidents"] == []
    assert len(board.kept["STA"]["incidents"]) == 1
