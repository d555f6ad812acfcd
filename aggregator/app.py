"""The aggregator's process: joins the core, its driver, its outlets, the broker link and HTTP."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mqtt5

from aggregator import config, inventory
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.shell.driver import Driver
from aggregator.shell.http import web_config
from aggregator.shell.http.app import Pages
from aggregator.shell.http.server import HttpServer
from aggregator.shell.mqtt.link import BrokerLink, subscription
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerMetrics, AlertmanagerOutlet
from aggregator.shell.outlets.broker import BrokerOutlet
from aggregator.shell.outlets.journal import JournalOutlet
from aggregator.shell.outlets.log import LogOutlet
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.venue_status import VenueStatusOutlet
from aggregator.shell.outlets.webhook import Webhook, notice, notice_of
from aggregator.shell.reload import Reloader
from aggregator.shell.signals import stop_on_signals
from aggregator.shell.walltime import WallTime
from venuewatch import __version__
from venuewatch.base import clock
from venuewatch.base.config import check_usable, read_secret
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, encode


class Aggregator:
    """The whole of it. ``fleet`` is what it knows; ``reread`` reads its settings again."""

    def __init__(
        self,
        settings: config.Config,
        fleet: Fleet,
        *,
        rng: random.Random,
        reread: Callable[[], config.Config] | None = None,
    ) -> None:
        self._settings = settings
        self._rng = rng
        self.fleet = fleet
        self._centre = Centre(
            fleet,
            name=settings.name,
            start=clock.monotonic(),
            away_limit_s=settings.detection.away_limit_s,
            reconnect_limit_s=settings.detection.reconnect_limit_s,
        )
        self._wall = WallTime(clock.monotonic(), clock.wall())
        self._metrics = OwnMetrics(self._centre, version=__version__)
        self._metrics.add(OpenIncidents(self._centre.decisions.store.open, self._wall))
        self._driver = Driver(self._centre, self._wall, self._metrics)
        self._server = HttpServer()
        self._reloader = Reloader(
            settings, reread or (lambda: settings), self._driver, self._server, self._metrics
        )
        self._notice_of = partial(
            notice_of,
            wall=self._wall,
            aggregator=settings.name,
            url_of=self._reloader.url_of,
        )
        self._offline = (topics.centre_state(settings.name), encode(CentreState("offline")))
        self._link = BrokerLink(
            settings.broker,
            self._driver,
            client_id=settings.name,
            filters=_subscriptions(settings.broker, settings.name),
            will=self._offline,
            rng=rng,
        )

    @property
    def port(self) -> int:
        """Where HTTP is served, once it is."""
        return self._server.port

    async def run(self, stop: asyncio.Event, hangup: asyncio.Event | None = None) -> None:
        """Serve until ``stop`` is set, and reload whenever ``hangup`` is.

        Raises:
            OSError: the HTTP address cannot be had.
            ConfigError: the journal, or a file for webhook or web server, cannot be used.
        """
        where, reloader = self._settings.web, self._reloader
        served = web_config.load(where.config_file)
        webhook, alertmanager = self._make_webhook(), self._make_alertmanager()
        journal = self._make_outlets(webhook)
        if alertmanager is not None:
            self._driver.outlets.append(alertmanager)
        pages = Pages(
            self._centre,
            self._metrics,
            self._wall,
            access=self._server.access,
            timestamps=where.timestamps,
            reload=reloader.reload,
        )
        try:
            self._restore(journal, webhook, alertmanager)
            await self._server.begin(pages.app(), where.listen_address, served)
            self._driver.begin()  # from now on it is we who own the journal, and no other process
            async with asyncio.TaskGroup() as tasks:
                jobs = [
                    tasks.create_task(self._link.run(), name="broker link"),
                    tasks.create_task(reloader.run(hangup or asyncio.Event()), name="reload"),
                ]
                if webhook is not None:
                    jobs.append(tasks.create_task(webhook.run(), name="notices"))
                if alertmanager is not None:
                    jobs.append(tasks.create_task(alertmanager.run(), name="alerts"))
                await stop.wait()
                await self._link.close(self._offline)
                for job in jobs:
                    job.cancel()
        finally:
            self._driver.end()
            await self._server.end()
            journal.close()

    def _make_webhook(self) -> Webhook | None:
        where, settled = self._settings.notify, self._driver.settled
        if where.webhook_url is None:
            return None
        return Webhook(where, settled, self._metrics, notice_of=self._notice_of, rng=self._rng)

    def _make_alertmanager(self) -> AlertmanagerOutlet | None:
        where, outlet = self._settings.alertmanager, None
        if where.urls:
            outlet = AlertmanagerOutlet(
                where,
                self._centre,
                self._wall,
                name=self._settings.name,
                url_of=self._reloader.url_of,
                publish=self._link.publish,
                rng=self._rng,
            )
        self._metrics.add(AlertmanagerMetrics([] if outlet is None else outlet.queues))
        return outlet

    def _make_outlets(self, webhook: Webhook | None) -> JournalOutlet:
        driver, name = self._driver, self._settings.name
        publish = partial(self._link.publish, qos=1, is_retained=True)
        journal = JournalOutlet(
            self._settings.journal,
            self._wall,
            closing_notice=partial(notice, "closed", aggregator=name, url_of=self._reloader.url_of),
            on_stored=driver.stored,
            on_refused=driver.not_stored,
            notice_of=None if webhook is None else self._notice_of,
        )
        status = VenueStatusOutlet(self._centre, self._wall, name=name, publish=publish)
        broker = BrokerOutlet(self._link, self._settings.broker, driver.port_said)
        driver.outlets = [journal, broker, LogOutlet(), self._metrics, status]
        if webhook is not None:
            driver.outlets.append(webhook)
        return journal

    def _restore(
        self,
        journal: JournalOutlet,
        webhook: Webhook | None,
        alertmanager: AlertmanagerOutlet | None,
    ) -> None:
        memory, notices = journal.left()
        self._centre.restore(clock.monotonic(), memory)
        if alertmanager is not None:
            alertmanager.restore(memory.incidents)
        if webhook is not None:
            webhook.add(notices)
        elif notices:
            self._centre.notice_settled(clock.monotonic(), [notice.id for notice in notices])


def _subscriptions(where: config.Broker, name: str) -> list[mqtt5.TopicFilter]:
    canary = subscription(topics.centre_tick(name))
    dropped = [subscription(topics.BROKER_DROPPED)] if where.sys_topics else []
    return [subscription(topics.EVERYTHING_UPWARD, no_local=True), canary, *dropped]


async def serve(settings: config.Config, reread: Callable[[], config.Config]) -> int:
    """Run the aggregator of ``settings`` until SIGINT or SIGTERM; return which it was.

    SIGHUP has it read them again, by ``reread``.

    Raises:
        ConfigError: the inventory, or a file that the configuration names, cannot be used.
        OSError: the HTTP address cannot be had.
    """
    fleet = inventory.fleet_of(inventory.read(Path(settings.inventory)))
    check_usable(settings.broker)
    if settings.notify.bearer_token_file is not None:
        read_secret(settings.notify.bearer_token_file)
    stop, hangup = asyncio.Event(), asyncio.Event()
    received = stop_on_signals(stop, hangup)
    aggregator = Aggregator(settings, fleet, rng=random.Random(), reread=reread)
    await aggregator.run(stop, hangup)
    return received[0]
