"""An outside reader gets an incident of a live world while it is opened, and when it is over."""

from typing import Final

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.world import Plan, World
from venuewatch.base import clock
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.reader import Reader
from venuewatch.rehearsal.runfile.rows import Seen

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS = [Plan("STA", 3), Plan("MAR", 2)]
KILLED: Final = Subject("host", "STA", "STA-2")
WITHIN_S: Final = 15.0


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
