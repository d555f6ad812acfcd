"""How a venue stands is said when it changes, kept by the broker, and read by other programs."""

from typing import Any

import msgspec

from aggregator.core.events import Incident, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.memory import Memory
from aggregator.shell.outlets.venue_status import INCIDENTS_MAX, Statuses
from aggregator.shell.walltime import WallTime
from tests.aggregator.centre import HOSTS, WALL, Centre

UP = {"STA": {"up": 5}, "AQU": {"up": 2}}


class Board:
    """Another program, which reads what the broker keeps, and the statuses of one core."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.centre = Centre(memory=memory, at=10.0 if memory else 0.0)
        watch = self.centre.watch
        wall = WallTime(0.0, WALL)
        self.statuses = Statuses(watch.fleet, watch.register, wall, name="centre")
        self.takes = True
        self.kept: dict[str, Any] = {}
        self.heard = 0
        self.statuses.begin()
        if memory is None:
            self.centre.subscribe(0.0)

    def live(self, start: int, end: int, *without: str) -> None:
        """Let time pass for everybody else, and say each second what has changed."""
        for second in range(start, end):
            self.centre.events.clear()
            self.centre.live(second, second + 1, without=without)
            self.say()

    def say(self) -> None:
        self.statuses.note(self.centre.events)
        self.statuses.say(self.publish)

    def publish(self, topic: str, payload: bytes) -> bool:
        if not self.takes:
            return False
        assert topic.startswith("venuewatch/v1/_status/")
        self.heard += 1
        self.kept[topic.rpartition("/")[2]] = msgspec.json.decode(payload) if payload else None
        return True

    def hosts(self) -> dict[str, dict[str, int]]:
        return {venue: status["hosts"] for venue, status in self.kept.items()}


def test_every_venue_is_said_at_the_beginning_and_no_more_while_nothing_changes() -> None:
    board = Board()
    board.live(0, 3)
    before = board.heard

    board.live(3, 30)

    assert board.hosts() == UP
    assert board.kept["STA"] == {
        "venue": "STA",
        "state": "ok",
        "hosts": {"up": 5},
        "open": 0,
        "incidents": [],
        "aggregator": "centre",
    }
    assert board.heard == before


def test_who_is_down_and_why_is_said_of_its_venue_alone() -> None:
    board = Board()
    board.live(0, 10)
    before = board.heard

    board.live(10, 20, "STA-1")

    status = board.kept["STA"]
    assert (status["state"], status["hosts"], status["open"]) == (
        "degraded",
        {"up": 4, "down": 1},
        1,
    )
    (incident,) = status["incidents"]
    assert incident == {
        "number": 1,
        "scope": "host",
        "host": "STA-1",
        "cause": "silent",
        "opened_at": WALL + 9.0 + 1.0 + 1.75,
    }
    assert board.heard == before + 1


def test_a_late_host_is_up() -> None:
    board = Board()
    board.live(0, 10)
    before = board.heard

    board.live(10, 11, "STA-1")
    board.centre.watch.advance(11.25)
    board.centre.take()
    board.say()

    assert board.centre.host("STA-1").state == "late"
    assert board.heard == before


def test_a_venue_that_is_cut_off_is_one_incident_with_so_many_behind_it() -> None:
    board = Board()
    board.live(0, 10)

    board.live(10, 20, *(name for name in HOSTS if name.startswith("STA")))

    status = board.kept["STA"]
    assert (status["state"], status["hosts"]) == ("unreachable", {"unreachable": 5})
    assert [(each["scope"], each["children"]) for each in status["incidents"]] == [("venue", 5)]
    assert board.kept["AQU"]["state"] == "ok"


def test_what_the_broker_does_not_take_is_said_when_it_does() -> None:
    board = Board()
    board.live(0, 10)
    board.takes = False
    board.live(10, 20, "STA-1", "AQU-1")
    kept = board.hosts()

    board.takes = True
    board.live(20, 21, "STA-1", "AQU-1")

    assert kept == UP
    assert board.hosts() == {"STA": {"up": 4, "down": 1}, "AQU": {"up": 1, "down": 1}}


def test_to_a_new_connection_all_of_it_is_said_again() -> None:
    board = Board()
    board.live(0, 10)
    board.kept.clear()

    board.statuses.begin()
    board.say()

    assert board.hosts() == UP


def test_a_venue_that_the_inventory_has_no_more_is_forgotten_by_the_broker() -> None:
    cut = Incident(1, Subject("venue", "OLD"), "venue_unreachable", 5.0)
    board = Board(Memory((), [cut], 2))

    board.say()

    assert board.kept["OLD"] is None


def test_of_many_incidents_the_newest_are_listed_and_all_are_counted() -> None:
    board = Board()
    count = INCIDENTS_MAX + 5
    for number in range(count):
        subject = Subject("feed", "STA", "STA-1", f"feed-{number}")
        board.centre.watch.incidents.begin(subject, Verdict("results_frozen"), 1.0)

    board.say()

    status = board.kept["STA"]
    assert status["open"] == count
    assert [each["number"] for each in status["incidents"]] == list(range(count, 5, -1))
    assert status["incidents"][0]["check"] == f"feed-{count - 1}"
