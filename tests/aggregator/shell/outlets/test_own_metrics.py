"""Own metrics: the aggregator about itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.hearing import REPORT_AFTER_S
from aggregator.core.outputs import Connected, Connection, Disconnected, HostChanged
from aggregator.core.states import HostState, Trigger
from aggregator.core.verdicts.centre import CAUSES
from aggregator.shell.outlets.own_metrics import OwnMetrics
from tests.kit.machine import Message
from tests.kit.scripted_fleet import NOW, ScriptedFleet
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.live.pages import Page

LAG = "venuewatch_aggregator_loop_lag_seconds"
DETECTED = "venuewatch_aggregator_detection_seconds"


@pytest.fixture
def metrics(fleet: ScriptedFleet) -> OwnMetrics:
    return OwnMetrics(fleet.centre, version="1.2.3")


def value(metrics: OwnMetrics, name: str, **labels: str) -> float:
    return Page(metrics.render()).value(name, **labels)


def fall(trigger: Trigger, *, silent_since: float | None = 7.5) -> HostChanged:
    return HostChanged(10.0, "STA", "alpha", HostState.LATE, HostState.DOWN, trigger, silent_since)


def test_messages_are_counted_by_stream(fleet: ScriptedFleet, metrics: OwnMetrics) -> None:
    counted = {
        stream: value(metrics, "venuewatch_aggregator_messages_total", stream=stream.value)
        for stream in Stream
    }

    assert counted == {stream: fleet.centre.intake.heard[stream] for stream in Stream}
    assert counted[Stream.BEAT] > 0


def test_refused_messages_are_counted_by_reason_from_the_start(
    fleet: ScriptedFleet, metrics: OwnMetrics
) -> None:
    fleet.deliver(Message("nonsense", b"{}"))
    fleet.centre.refuse(NOW, Reason.BAD_PACKET)

    name = "venuewatch_aggregator_rejected_total"
    counted = {reason: value(metrics, name, reason=reason.value) for reason in Reason}
    once = {Reason.BAD_TOPIC: 1, Reason.BAD_PACKET: 1}
    assert counted == dict.fromkeys(Reason, 0) | once


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 5.0)), min_size=1, max_size=60))
def test_any_lags_show_the_worst_of_the_last_minute(lags: list[tuple[float, float]]) -> None:
    metrics, now, noted = OwnMetrics(ScriptedFleet().centre, version="1"), 0.0, []
    for after_s, lag_s in lags:
        now += after_s
        noted.append((now, lag_s))
        metrics.note_lag(lag_s, now)

    worst = max(lag_s for at, lag_s in noted if at >= now - 60.0)

    assert value(metrics, LAG) == worst


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (fall(Trigger.DEADLINE_PASSED), 1),
        (fall(Trigger.CONNECTION_LOST), 1),
        (fall(Trigger.GRACE_ENDED), 0),
        (fall(Trigger.AWAY_TOO_LONG), 0),
        (fall(Trigger.DEADLINE_PASSED, silent_since=None), 0),
        (fall(Trigger.DEADLINE_PASSED)._replace(after=HostState.LATE), 0),
    ],
)
def test_the_time_of_a_detection_alone_is_observed(
    metrics: OwnMetrics, change: HostChanged, count: int
) -> None:
    metrics.take([change])

    assert value(metrics, f"{DETECTED}_count") == count
    assert value(metrics, f"{DETECTED}_sum") == 2.5 * count
    assert value(metrics, f"{DETECTED}_bucket", le="2.0") == 0
    assert value(metrics, f"{DETECTED}_bucket", le="3.0") == count


@pytest.mark.parametrize(("connection", "shown"), [("live", [0, 1, 0]), ("bulk", [0, 0, 0])])
def test_the_live_connection_is_shown(
    metrics: OwnMetrics, connection: Connection, shown: list[float]
) -> None:
    name = "venuewatch_aggregator_broker_connected"
    found = [value(metrics, name)]

    for output in (Connected(1.0, connection), Disconnected(2.0, connection)):
        metrics.take([output])
        found.append(value(metrics, name))

    assert found == shown


def test_version_incidents_and_canary_are_shown(metrics: OwnMetrics) -> None:
    assert value(metrics, "venuewatch_aggregator_build_info", version="1.2.3") == 1
    assert value(metrics, "venuewatch_aggregator_incidents_open") == 2
    assert value(metrics, "venuewatch_aggregator_canary_round_trip_seconds") == 0
    assert b"_created" not in metrics.render()


def test_blindness_is_shown_with_its_cause_from_start(
    fleet: ScriptedFleet, metrics: OwnMetrics
) -> None:
    name = "venuewatch_aggregator_problem"
    hearing = {cause: value(metrics, name, cause=cause) for cause in CAUSES}
    fleet.centre.lost(fleet.now)
    fleet.run(REPORT_AFTER_S + 1.0)

    assert hearing == {"aggregator_blind": 0.0, "broker_down": 0.0}
    assert value(metrics, name, cause="aggregator_blind") == 1.0
    assert value(metrics, name, cause="broker_down") == 0.0
