"""All outlets of a process: made as the configuration says, and begun with what the journal left.

The order in which outlets take a batch is here: the journal first, since notices wait until it has
stored; then the broker, the log, the metrics, and those that tell other servers.
"""

import asyncio
import random
from functools import partial

from aggregator.config import Config
from aggregator.core.centre import Centre
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.driver import Driver
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.open_pages import OpenPages
from aggregator.shell.mqtt.link import BrokerLink
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerMetrics, AlertmanagerOutlet
from aggregator.shell.outlets.broker import BrokerOutlet
from aggregator.shell.outlets.journal import Inlets, JournalMetrics, JournalOutlet
from aggregator.shell.outlets.log import LogOutlet
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.outlets.remote_write.outlet import RemoteWriteMetrics, RemoteWriteOutlet
from aggregator.shell.outlets.venue_status import VenueStatusOutlet
from aggregator.shell.outlets.webhook import UrlOf, Webhook, notice, notice_of
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock
from venuewatch.base.exercise import name_of


class AllOutlets:
    """The outlets of ``driver``; it hands its outputs to them from now on.

    Raises:
        ConfigError: a file for one of the servers that are told cannot be used.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        settings: Config,
        driver: Driver,
        link: BrokerLink,
        bulk: BrokerLink,
        metrics: OwnMetrics,
        wall: WallTime,
        *,
        url_of: UrlOf,
        told: Told,
        fanout: Fanout,
        rng: random.Random,
    ) -> None:
        name, notify = settings.name, settings.notify
        exercise = name_of(settings.exercise)
        of = partial(notice_of, wall=wall, aggregator=name, url_of=url_of, exercise=exercise)
        self._centre = driver.centre
        self._fanout = fanout
        self._webhook = self._alertmanager = self._remote_write = None
        receivers = Receivers(
            begin=partial(driver.begin_trouble, Cause.NOTICES_FAILING),
            end=partial(driver.end_trouble, Cause.NOTICES_FAILING),
        )
        if notify.webhook_url is not None:
            self._webhook = Webhook(
                notify,
                driver.settled,
                metrics,
                notice_of=of,
                rng=rng,
                receivers=receivers,
                told=told,
            )
        if settings.alertmanager.urls:
            self._alertmanager = AlertmanagerOutlet(
                settings.alertmanager,
                driver.centre,
                wall,
                name=name,
                url_of=url_of,
                publish=link.publish,
                rng=rng,
                receivers=receivers,
                told=told,
                exercise=exercise,
            )
        metrics.add(OpenPages(fanout))
        metrics.add(AlertmanagerMetrics(self._alertmanager.queues if self._alertmanager else []))
        if settings.remote_write.url:
            self._remote_write = RemoteWriteOutlet(
                settings.remote_write,
                settings.job_labels(),
                driver.centre.fleet,
                rng=rng,
                wall_now=partial(_certain_wall, driver.centre, wall),
            )
            metrics.add(RemoteWriteMetrics(self._remote_write.backfill))
        self._journal = JournalOutlet(
            settings.journal,
            wall,
            Inlets(
                driver.stored,
                driver.not_stored,
                driver.not_kept,
                driver.take_late,
                driver.begin_trouble,
                driver.end_trouble,
                driver.store_all,
            ),
            closing_notice=partial(
                notice, "closed", aggregator=name, url_of=url_of, exercise=exercise
            ),
            notice_of=None if self._webhook is None else of,
            waiting=self._webhook.waiting if self._webhook is not None else tuple,
            send=self._webhook.add if self._webhook is not None else None,
        )
        metrics.add(JournalMetrics(self._journal.state, driver.centre.intake))
        publish = partial(link.publish, qos=1, is_retained=True)
        telling = (self._webhook, self._alertmanager, self._remote_write)
        driver.outlets = [
            self._journal,
            BrokerOutlet(link, bulk, settings.broker, driver.port_said),
            LogOutlet(),
            metrics,
            VenueStatusOutlet(driver.centre, wall, name=name, publish=publish),
            fanout,
            *(outlet for outlet in telling if outlet is not None),
        ]

    def restore(self) -> None:
        """Give the core, and those that notify, what an earlier process has left."""
        memory, notices = self._journal.left()
        self._centre.restore(clock.monotonic(), memory)
        if self._alertmanager is not None:
            self._alertmanager.restore(memory.incidents)
        if self._webhook is not None:
            self._webhook.add(notices)
        elif notices:
            self._centre.notice_settled(clock.monotonic(), [notice.id for notice in notices])

    async def run(self) -> None:
        """Tell other servers until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fanout.run(), name="pages")
            if self._webhook is not None:
                tasks.create_task(self._webhook.run(), name="notices")
            if self._alertmanager is not None:
                tasks.create_task(self._alertmanager.run(), name="alerts")
            if self._remote_write is not None:
                tasks.create_task(self._remote_write.run(), name="remote write")

    def close(self) -> None:
        """Store what is left to store, and close the journal."""
        self._journal.close()


def _certain_wall(centre: Centre, wall: WallTime) -> float | None:
    """Return the present wall time, as the core knows it; None while it is in doubt."""
    return None if centre.reception.our_clock.is_in_doubt else wall.wall(clock.monotonic())
