"""An outside reader and a receiver get an incident of a live world, each by its own clock."""

from collections.abc import Iterator
from typing import Final

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.world import Plan, World, world_of
from venuewatch.base import clock
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.reader import Reader
from venuewatch.rehearsal.live.receiver import URL, Receiver
from venuewatch.rehearsal.runfile.rows import Notice, Seen

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS = [Plan("STA", 3), Plan("MAR", 2)]
OTHER: Final = Subject("host", "MAR", "MAR-2")
KILLED: Final = Subject("host", "STA", "STA-2")
WITHIN_S: Final = 15.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_of(tmp_path_factory.mktemp("world"), PLANS, webhook_url=URL) as world:
        yield world


def test_a_killed_agent_is_read_from_outside_by_the_readers_own_clock(world: World) -> None:
    rows: list[Seen] = []
    with Reader(world.aggregator, "a world", rows.extend) as reader:
        assert reader.await_open(WITHIN_S)
        begin = clock.monotonic()
        mend = faults.load("agent_killed")().begin_live(world, KILLED)
        until("it is opened", lambda: rows, within_s=WITHIN_S)
        mend()
        until("it is over", lambda: rows[-1].change == "closed", within_s=WITHIN_S)

    assert begin <= rows[0].at <= clock.monotonic()
    assert {(row.subject, row.change) for row in rows} >= {
        ("host:STA/STA-2", "opened"),
        ("host:STA/STA-2", "closed"),
    }
    assert {row.subject for row in rows} == {"host:STA/STA-2"}


def test_a_notice_that_is_refused_comes_again_and_is_taken_then(world: World) -> None:
    notices: list[Notice] = []
    with Receiver(world.centre, "a world", notices.append) as receiver:
        receiver.turn("refuses", lasts_s=60.0)
        begin = clock.monotonic()
        mend = faults.load("agent_killed")().begin_live(world, OTHER)
        until("one was refused", lambda: notices, within_s=WITHIN_S)
        receiver.turn("takes")
        until("one was taken", lambda: any(one.accepted for one in notices), within_s=60.0)
        mend()

    first = notices[0]
    assert (first.accepted, first.change, first.subject) == (False, "opened", "host:MAR/MAR-2")
    assert begin <= first.at <= clock.monotonic()
    assert receiver.not_understood == 0
    assert (first.incident, first.seq) in {
        (one.incident, one.seq) for one in notices if one.accepted
    }
