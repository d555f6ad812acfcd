"""Outlet to all Alertmanagers: asks the core what to push, and fills their queues with it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator import config
from aggregator.core.centre import Centre
from aggregator.core.incidents.pushing import Pushing
from aggregator.core.incidents.record import Incident, IncidentChanged
from aggregator.core.outputs import Connected, OtherOpen, OtherState, Output
from aggregator.shell.outlets.alertmanager.queue import AlertQueue
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.posting import check_usable
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.outlets.webhook import UrlOf
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import encode
from venuewatch.base.wire.packing import packed


class AlertmanagerOutlet:
    """Feeds the queue of each Alertmanager; ``publish`` sends our list to other aggregators.

    Attributes:
        queues: one for each Alertmanager.
        writer: what writes the alerts of all of them.

    Raises:
        ConfigError: the file of authorities, or a secret, cannot be used.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        where: config.Alertmanager,
        centre: Centre,
        wall: WallTime,
        *,
        name: str,
        url_of: UrlOf,
        publish: Callable[[str, bytes], bool],
        rng: random.Random,
        receivers: Receivers,
        told: Told | None = None,
        exercise: str = "",
    ) -> None:
        self._centre = centre
        self._pushing = Pushing(name, resend_s=where.resend_s, hold_s=where.ends_after_s)
        self._topic = topics.centre_open(name)
        self._publish = publish
        self.writer = AlertWriter(
            where, centre.fleet, wall, url_of, centre.reception.our_clock.lived_wall, exercise
        )
        tls = check_usable(where)
        self.queues = [
            AlertQueue(
                where,
                url,
                self.writer,
                place=place,
                tls=tls,
                rng=rng,
                receivers=receivers,
                told=told,
            )
            for url, place in zip(where.urls, _places_of(where.urls), strict=True)
        ]

    def restore(self, incidents: Iterable[Incident]) -> None:
        """Begin with the incidents that an earlier process left, before the core has heard any."""
        self._pushing.restore(incidents, clock.monotonic())

    def take(self, outputs: Sequence[Output]) -> None:
        """Take in what has changed, then push and publish what is due; called each second."""
        pushing, now = self._pushing, clock.monotonic()
        for output in outputs:
            match output:
                case IncidentChanged():
                    pushing.take_change(output)
                case OtherState():
                    pushing.take_state(output.aggregator, now, is_online=output.is_online)
                case OtherOpen():
                    pushing.take_list(output.aggregator, output.open, now)
                case Connected(connection="live"):
                    pushing.opened(now)
        is_blind = self._centre.decisions.hearing.is_blind
        pushing.hear(now, is_blind=is_blind, is_settled=self._centre.is_ready)
        pushes = pushing.take(now)
        if pushes:
            for queue in self.queues:
                queue.add(pushes)
        self._publish_list(now)

    def _publish_list(self, now: float) -> None:
        """Publish which alerts are open here, if that is due at ``now`` (monotonic s)."""
        pushing = self._pushing
        own = pushing.take_own_list(now)
        if own is not None:
            keys = pushing.keys
            self.writer.keep(keys)
            for queue in self.queues:
                queue.keep(keys)
            if not self._publish(self._topic, packed(encode(own))):
                pushing.list_not_sent()

    async def run(self) -> None:
        """Push to all Alertmanagers until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self.queues:
                tasks.create_task(queue.run(), name=f"alerts to {queue.place}")


class Counted(Protocol):
    """What is counted of one Alertmanager."""

    @property
    def place(self) -> str:
        """Its host and port, and its number where several share them."""

    @property
    def sent(self) -> int:
        """How many alerts it has accepted."""

    @property
    def dropped(self) -> int:
        """How many alerts were given up."""

    @property
    def pending(self) -> int:
        """How many alerts wait for it."""


class AlertmanagerMetrics(Collector):
    """Counts the alerts of each queue at a scrape. Prometheus' rules read the number of queues."""

    def __init__(self, queues: Sequence[Counted]) -> None:
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        """Yield the three families."""
        yield GaugeMetricFamily(
            "venuewatch_aggregator_alertmanagers",
            "To how many Alertmanagers incidents are pushed; over 0, no rule is to tell them, too.",
            value=len(self._queues),
        )
        alerts = CounterMetricFamily(
            "venuewatch_aggregator_alertmanager_alerts",
            "Alerts that were pushed to an Alertmanager: accepted, or given up.",
            labels=["alertmanager", "result"],
        )
        pending = GaugeMetricFamily(
            "venuewatch_aggregator_alertmanager_pending",
            "Alerts that wait to be pushed to an Alertmanager.",
            labels=["alertmanager"],
        )
        for queue in self._queues:
            alerts.add_metric([queue.place, "sent"], queue.sent)
            alerts.add_metric([queue.place, "dropped"], queue.dropped)
            pending.add_metric([queue.place], queue.pending)
        yield alerts
        yield pending


def _places_of(urls: Sequence[str]) -> Iterator[str]:
    """Yield host and port of each address; where several have the same, with its number, too."""
    places = [urlsplit(url).netloc for url in urls]
    shared = Counter(places)
    for number, place in enumerate(places, 1):
        yield place if shared[place] == 1 else f"{place} ({number})"
