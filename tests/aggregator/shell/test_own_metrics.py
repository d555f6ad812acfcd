"""What the aggregator measures of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aggregator.core.events import HostChanged
from aggregator.core.states import HostState, Trigger
from aggregator.shell.own_metrics import Metrics
from tests.aggregator.scripted import ScriptedFleet
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.topics import Stream

LAG = "venuewatch_aggregator_loop_lag_seconds"
DETECTED = "venuewatch_aggregator_detection_seconds"


@pytest.fixture
def fleet() -> ScriptedFleet:
    return ScriptedFleet()


@pytest.fixture
def metrics(fleet: ScriptedFleet) -> Metrics:
    return Metrics(fleet.watch, version="1.2.3")


def value(metrics: Metrics, name: str, **labels: str) -> float:
    (found,) = (
        sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
    return found


def fall(trigger: Trigger, *, silent_since: float | None = 7.5) -> HostChanged:
    return HostChanged(10.0, "STA", "alpha", HostState.LATE, HostState.DOWN, trigger, silent_since)


def test_messages_are_counted_by_stream_from_the_first_page_on(
    fleet: ScriptedFleet, metrics: Metrics
) -> None:
    counted = {
        stream: value(metrics, "venuewatch_aggregator_messages_total", stream=stream.value)
        for stream in Stream
    }

    assert counted == {stream: fleet.watch.intake.heard[stream] for stream in Stream}
    assert counted[Stream.BEAT] > 0


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_to_refuse_a_message_has_a_series_from_the_first_page_on(
    metrics: Metrics, reason: Reason
) -> None:
    assert value(metrics, "venuewatch_aggregator_rejected_total", reason=reason.value) == 0


def test_a_refused_message_is_counted_by_its_reason(fleet: ScriptedFleet, metrics: Metrics) -> None:
    with pytest.raises(MalformedMessageError):
        fleet.watch.intake.hear("nonsense", b"", is_retained=False, now=0.0, wall=0.0)

    assert value(metrics, "venuewatch_aggregator_rejected_total", reason="bad_topic") == 1


def test_the_lag_is_the_worst_of_the_last_minute(metrics: Metrics) -> None:
    told = []
    for now, lag_s in ((0.0, 0.5), (1.0, 2.0), (2.0, 0.25), (61.0, 0.1), (61.5, 0.1), (62.5, 0.1)):
        metrics.note_lag(lag_s, now)
        told.append(value(metrics, LAG))

    assert told == [0.5, 2.0, 2.0, 2.0, 0.25, 0.1]


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 5.0)), min_size=1, max_size=60))
def test_the_lag_is_the_worst_of_the_last_minute_for_any_lags(
    lags: list[tuple[float, float]],
) -> None:
    metrics, now, noted = Metrics(ScriptedFleet().watch, version="1"), 0.0, []
    for after_s, lag_s in lags:
        now += after_s
        noted.append((now, lag_s))
        metrics.note_lag(lag_s, now)

    worst = max(lag_s for at, lag_s in noted if at >= now - 60.0)

    assert value(metrics, LAG) == worst


@pytest.mark.parametrize("trigger", [Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST])
def test_how_long_a_detection_took_is_observed(metrics: Metrics, trigger: Trigger) -> None:
    metrics.note_change(fall(trigger))

    assert value(metrics, f"{DETECTED}_count") == 1
    assert value(metrics, f"{DETECTED}_sum") == 2.5
    assert value(metrics, f"{DETECTED}_bucket", le="2.0") == 0
    assert value(metrics, f"{DETECTED}_bucket", le="3.0") == 1


@pytest.mark.parametrize(
    "change",
    [
        fall(Trigger.GRACE_ENDED),
        fall(Trigger.AWAY_TOO_LONG),
        fall(Trigger.DEADLINE_PASSED, silent_since=None),
        fall(Trigger.DEADLINE_PASSED)._replace(after=HostState.LATE),
    ],
    ids=["grace ended", "away too long", "never heard", "only late"],
)
def test_what_was_no_detection_is_not_observed(metrics: Metrics, change: HostChanged) -> None:
    metrics.note_change(change)

    assert value(metrics, f"{DETECTED}_count") == 0


def test_the_version_is_told(metrics: Metrics) -> None:
    assert value(metrics, "venuewatch_aggregator_build_info", version="1.2.3") == 1


def test_being_connected_is_told(metrics: Metrics) -> None:
    before = value(metrics, "venuewatch_aggregator_broker_connected")

    metrics.connected.set(1)

    assert (before, value(metrics, "venuewatch_aggregator_broker_connected")) == (0, 1)


def test_the_page_has_no_created_series(metrics: Metrics) -> None:
    assert b"_created" not in metrics.render()
