"""What comes late is stored once, corrects the record, and accuses nobody."""

import pytest

from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from venuewatch.base.wire import topics
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import Backlog, Beat, CheckReading, Checks, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

WALL = 1_000_000.0


class Centre:
    """An intake with one host, and short words for what it hears."""

    def __init__(self) -> None:
        venue = Venue("STA", margin_s=1.8)
        self.host = Host("STA", "STA-1", margin_s=1.8)
        venue.hosts["STA-1"] = self.host
        fleet = Fleet([venue])
        self.watch = Watch(fleet)
        self.detector = self.watch.detector
        self.intake = self.watch.intake
        self.watch.subscribed(0.0)

    def hear(self, stream: Stream, payload: bytes, at: float, *, is_retained: bool = False) -> None:
        topic = topics.topic("STA", "STA-1", stream)
        self.watch.hear(topic, payload, is_retained=is_retained, now=at, wall=WALL + at)

    def backlog(self, at: float, *messages: Vitals | Checks, number: int = 1) -> None:
        vitals = [message for message in messages if isinstance(message, Vitals)]
        checks = [message for message in messages if isinstance(message, Checks)]
        self.hear(Stream.BACKLOG, encode(Backlog("b", 1, number, vitals, checks)), at)


def vitals(seq: int, *, taken_at: float) -> Vitals:
    wall_ms = int((WALL + taken_at) * 1000)
    return Vitals("b", 1, seq, wall_ms, Readings(node_load1=float(seq)))


def checks(seq: int, state: CheckState, *, taken_at: float) -> Checks:
    wall_ms = int((WALL + taken_at) * 1000)
    reading = CheckReading(
        check="isp", kind="ping", state=state, every_s=30.0, wall_ms=wall_ms, duration_s=0.1
    )
    return Checks("b", 1, seq, wall_ms, [reading])


@pytest.fixture
def centre() -> Centre:
    return Centre()


def test_a_backlog_brings_nobody_to_life_and_accuses_nobody(centre: Centre) -> None:
    centre.backlog(5.0, vitals(0, taken_at=1.0), checks(0, "critical", taken_at=1.0))

    assert centre.host.state is HostState.UNKNOWN
    assert centre.detector.events() == []


def test_an_old_reading_does_not_replace_a_newer_one(centre: Centre) -> None:
    centre.hear(Stream.VITALS, encode(vitals(9, taken_at=20.0)), 20.0)
    centre.hear(Stream.CHECKS, encode(checks(9, "ok", taken_at=20.0)), 20.0)

    centre.backlog(21.0, vitals(3, taken_at=3.0), checks(3, "critical", taken_at=3.0))

    assert centre.host.readings is not None
    assert centre.host.readings.node_load1 == 9.0
    assert centre.host.checks["isp"].reading.state == "ok"


def test_the_newest_of_a_backlog_is_the_last_known_with_its_own_time(centre: Centre) -> None:
    centre.backlog(50.0, vitals(1, taken_at=10.0), vitals(2, taken_at=20.0))

    assert centre.host.readings is not None
    assert centre.host.readings.node_load1 == 2.0
    assert centre.host.readings_at == pytest.approx(20.0)


def test_a_clock_that_is_wrong_is_measured_and_allowed_for(centre: Centre) -> None:
    centre.host.clock_offset_s = 3_600.0

    centre.hear(Stream.VITALS, encode(vitals(1, taken_at=3_605.0)), 5.0)

    assert centre.host.readings_at == pytest.approx(5.0)


def test_a_reading_from_the_future_is_of_now(centre: Centre) -> None:
    centre.hear(Stream.VITALS, encode(vitals(1, taken_at=9_000.0)), 5.0)

    assert centre.host.readings_at == 5.0


def test_what_was_heard_live_is_not_stored_again(centre: Centre) -> None:
    centre.hear(Stream.VITALS, encode(vitals(1, taken_at=1.0)), 1.0)

    centre.backlog(9.0, vitals(1, taken_at=1.0), vitals(2, taken_at=2.0), number=7)

    assert [(one.stream, one.seq) for one in centre.intake.reported.stored] == [("vitals", 2)]
    assert [one.number for one in centre.intake.reported.backlogs] == [7]
    assert centre.intake.reported.ledger.repeats == 1


def test_a_backlog_that_fills_a_gap_leaves_nothing_missing(centre: Centre) -> None:
    centre.hear(Stream.VITALS, encode(vitals(1, taken_at=1.0)), 1.0)
    centre.hear(Stream.VITALS, encode(vitals(5, taken_at=5.0)), 5.0)
    missing_before = centre.host.readings_missing

    centre.backlog(9.0, *(vitals(seq, taken_at=seq) for seq in (2, 3, 4)))

    assert missing_before == 3
    assert centre.host.readings_missing == 0
    assert centre.host.readings_heard == 5


def test_a_retained_backlog_is_refused(centre: Centre) -> None:
    with pytest.raises(MalformedMessageError):
        centre.hear(Stream.BACKLOG, encode(Backlog("b", 1, 1)), 1.0, is_retained=True)

    assert centre.intake.reported.backlogs == []


def test_the_next_process_knows_what_was_heard(centre: Centre) -> None:
    for seq in (0, 1, 4):
        centre.hear(Stream.VITALS, encode(vitals(seq, taken_at=seq)), float(seq))
    again = Centre()

    again.intake.reported.restore(centre.intake.reported.ledger.changed())
    again.backlog(9.0, vitals(1, taken_at=1.0), vitals(2, taken_at=2.0))

    assert [one.seq for one in again.intake.reported.stored] == [2]
    assert again.host.readings_heard == 4
    assert again.host.readings_missing == 1


def test_beats_go_on_deciding_beside_a_backlog(centre: Centre) -> None:
    centre.hear(Stream.BEAT, encode(Beat("b", 1, 1, 1, 1)), 1.0)

    centre.backlog(2.0, vitals(1, taken_at=1.0))
    centre.detector.advance(100.0)

    assert centre.host.state is HostState.DOWN
