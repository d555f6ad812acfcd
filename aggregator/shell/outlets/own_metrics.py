"""Metrics of the aggregator about itself, with prometheus_client.

Everything here is prefixed ``venuewatch_aggregator_``, but for ``venuewatch_exercise`` and the
process's own.
"""

import platform
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.core.blindness import CENTRE
from aggregator.core.centre import Centre
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.incidents.troubles import PARTS, subject_of
from aggregator.core.outputs import (
    Connected,
    Disconnected,
    HostChanged,
    InventoryChanged,
    Output,
    Stalled,
)
from aggregator.core.states import HostState, Trigger
from aggregator.core.verdicts.centre import CAUSES as BLIND

_LAG_WINDOW_S = 60.0
_DETECTIONS = frozenset({Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST})

disable_created_metrics()  # type: ignore[no-untyped-call]

_VERDICTS = (HostChanged, IncidentChanged, InventoryChanged, Connected, Disconnected)

Result: TypeAlias = Literal["delivered", "dropped"]


class OwnMetrics:
    """The metrics that change by outputs; the core's counters are read on demand.

    Attributes:
        verdicts: how often the state of a host, an incident or our hearing has changed.
    """

    def __init__(self, centre: Centre, *, version: str) -> None:
        self._registry = CollectorRegistry()
        self.verdicts = 0
        self._lags: deque[tuple[float, float]] = deque()
        self._registry.register(_Counters(centre))
        ProcessCollector(registry=self._registry)
        gauge = partial(Gauge, registry=self._registry)
        self._lag = gauge(
            "venuewatch_aggregator_loop_lag_seconds",
            "The worst lag of our own event loop within the last minute.",
        )
        self._connected = gauge(
            "venuewatch_aggregator_broker_connected", "1 while we are subscribed at the broker."
        )
        self._detection = Histogram(
            "venuewatch_aggregator_detection_seconds",
            "From a host's last evidence of life to its being called down.",
            buckets=(0.2, 0.3, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 20, 30, 60, 120),
            registry=self._registry,
        )
        self._notices = Counter(
            "venuewatch_aggregator_notices",
            "What the webhook was to be told of incidents: delivered, or given up.",
            ["result"],
            registry=self._registry,
        )
        for result in ("delivered", "dropped"):
            self._notices.labels(result)
        self._notices_pending = gauge(
            "venuewatch_aggregator_notices_pending", "What the webhook is still to be told."
        )
        self._failures = Counter(
            "venuewatch_aggregator_outlet_failures",
            "Batches of outputs that an outlet failed to take: a bug, which the log shows.",
            registry=self._registry,
        )
        self._reload_successful = gauge(
            "venuewatch_aggregator_config_last_reload_successful",
            "1 if the last reload of configuration, inventory and web configuration was accepted.",
        )
        self._reload_success_at = gauge(
            "venuewatch_aggregator_config_last_reload_success_timestamp_seconds",
            "When a reload, or the start, was accepted last, in unixtime.",
        )
        build = gauge(
            "venuewatch_aggregator_build_info",
            "1; which version this is, and of which Python.",
            ["version", "pythonversion"],
        )
        build.labels(version, platform.python_version()).set(1)

    def note_exercise(self, name: str) -> None:
        """Say from now on that all that is told is part of an exercise."""
        gauge = Gauge(
            "venuewatch_exercise",
            "1 while all that is told is part of the exercise of this name; else there is none.",
            ["name"],
            registry=self._registry,
        )
        gauge.labels(name).set(1)

    def add(self, collector: Collector) -> None:
        """Show what ``collector`` reads at a scrape, too."""
        self._registry.register(collector)

    def note_lag(self, lag_s: float, now: float) -> None:
        """Note a lag (s) of the event loop at ``now`` (monotonic s)."""
        lags = self._lags
        while lags and (lags[0][0] < now - _LAG_WINDOW_S):
            lags.popleft()
        while lags and lags[-1][1] <= lag_s:
            lags.pop()
        lags.append((now, lag_s))
        self._lag.set(lags[0][1])

    def take(self, outputs: Sequence[Output]) -> None:
        """Measure detections, stalls, and our connection."""
        for output in outputs:
            self.verdicts += isinstance(output, _VERDICTS)
            match output:
                case HostChanged(after=HostState.DOWN, trigger=trigger, silent_since=since):
                    if trigger in _DETECTIONS and since is not None:
                        self._detection.observe(output.at - since)
                case Stalled():
                    self.note_lag(output.lag_s, output.at)
                case Connected(connection="live"):
                    self._connected.set(1)
                case Disconnected(connection="live"):
                    self._connected.set(0)

    def note_reload(self, wall: float, *, is_success: bool) -> None:
        """Note at ``wall`` (s since 1970) whether a reload was accepted."""
        self._reload_successful.set(int(is_success))
        if is_success:
            self._reload_success_at.set(wall)

    def count_failure(self) -> None:
        """Count a batch of outputs that an outlet failed to take."""
        self._failures.inc()

    def settled(self, result: Result, count: int) -> None:
        """Count notices that were delivered or dropped."""
        self._notices.labels(result).inc(count)

    def pending(self, count: int) -> None:
        """Note how many notices wait."""
        self._notices_pending.set(count)

    def render(self) -> bytes:
        """Return all metrics in text format 0.0.4."""
        return generate_latest(self._registry)


class _Counters(Collector):
    """Reads the core's plain counters at a scrape, so that counting costs nothing."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def collect(self) -> Iterator[Metric]:
        heard = CounterMetricFamily(
            "venuewatch_aggregator_messages", "Messages taken in, by stream.", labels=["stream"]
        )
        for stream, count in self._centre.intake.heard.items():
            heard.add_metric([stream], count)
        yield heard
        rejected = CounterMetricFamily(
            "venuewatch_aggregator_rejected", "Messages refused, by reason.", labels=["reason"]
        )
        for reason, count in self._centre.intake.rejected.items():
            rejected.add_metric([reason], count)
        yield rejected
        yield CounterMetricFamily(
            "venuewatch_aggregator_boots_forgotten",
            "Boots of a host whose numbers were forgotten for a newer one: 16 a stream are known.",
            value=self._centre.reception.readings.dedup.boots_forgotten,
        )
        yield CounterMetricFamily(
            "venuewatch_aggregator_messages_repeating",
            "Messages that said a series of theirs again: its first number counts.",
            value=self._centre.reception.readings.repeating,
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_incidents_open",
            "Incidents that are open.",
            value=len(self._centre.decisions.incidents.open),
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_calls_waiting",
            "Reads and other calls that wait until a storm of changes has been gone through.",
            value=len(self._centre.waiting),
        )
        problem = GaugeMetricFamily(
            "venuewatch_aggregator_problem",
            "1 while we hear nothing, for this cause, since 5 s at least.",
            labels=["cause"],
        )
        blindness = self._centre.decisions.incidents.open.get(CENTRE)
        for cause in BLIND:
            problem.add_metric([cause], blindness is not None and blindness.cause is cause)
        yield problem
        parts = GaugeMetricFamily(
            "venuewatch_aggregator_part_problem",
            "1 while a part of the aggregator has a problem; it watches hosts all the same.",
            labels=["cause"],
        )
        for cause in sorted(PARTS):
            parts.add_metric([cause], subject_of(cause) in self._centre.decisions.incidents.open)
        yield parts
        canary_s = self._centre.decisions.hearing.round_trip_s
        if canary_s is not None:
            yield GaugeMetricFamily(
                "venuewatch_aggregator_canary_round_trip_seconds",
                "How long our own tick took through the broker and back, the last time.",
                value=canary_s,
            )
        credit = self._centre.credit
        yield GaugeMetricFamily(
            "venuewatch_aggregator_backlog_hosts",
            "Hosts with backlog that wait for a grant, or have one.",
            value=len(credit),
        )
        yield CounterMetricFamily(
            "venuewatch_aggregator_backlog_granted_bytes",
            "Bytes of their spools that hosts were granted as backlog.",
            value=credit.granted_bytes,
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_backlog_share",
            "Which part of the full rate is granted: less while our canary is late, or we stall.",
            value=credit.share,
        )
        if self._centre.intake.broker_dropped is not None:
            yield CounterMetricFamily(
                "venuewatch_broker_messages_dropped",
                "Messages that the broker says it has dropped since its start.",
                value=self._centre.intake.broker_dropped,
            )
