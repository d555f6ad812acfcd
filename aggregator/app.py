"""The aggregator's process: joins the core, its driver, its outlets, the broker link and HTTP."""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aggregator import config, inventory
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import Incident
from aggregator.shell import garbage
from aggregator.shell.all_outlets import AllOutlets
from aggregator.shell.certificate_metrics import CertificateMetrics
from aggregator.shell.driver import BulkListener, Driver
from aggregator.shell.http import web_config
from aggregator.shell.http.api.routes import Api, Sources
from aggregator.shell.http.api.view import View
from aggregator.shell.http.app import Pages
from aggregator.shell.http.clients import counted_as
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.page.now import Looks
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.routes import PageRoutes
from aggregator.shell.http.page.stream import PageStream
from aggregator.shell.http.port_metrics import PortMetrics
from aggregator.shell.http.server import HttpServer
from aggregator.shell.journal.history import History
from aggregator.shell.mqtt import lanes
from aggregator.shell.mqtt.bulk import Discards
from aggregator.shell.mqtt.metrics import ConnectionMetrics
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.reload import Reloader
from aggregator.shell.signals import feed_watchdog, stop_on_signals
from aggregator.shell.system_metrics import SystemMetrics
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from venuewatch import __version__
from venuewatch.base import clock, log
from venuewatch.base.config import check_usable, read_secret
from venuewatch.base.exercise import name_of
from venuewatch.base.secret_files import check_secrets, keep_to_ourselves
from venuewatch.base.systemd import Systemd
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, encode

MAKES_WAY_AFTER_S: Final = 0.000_5
"""For how long (s) a thread may go on while the loop waits for it; Python's default is 0.005."""

_logger = logging.getLogger("aggregator")


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
            boot=(boot := new_boot()),
            has_bulk=True,
        )
        self._wall = WallTime(clock.monotonic(), clock.wall())
        self._metrics = OwnMetrics(self._centre, version=__version__)
        if name_of(settings.exercise):
            self._metrics.note_exercise(name_of(settings.exercise))
        self._metrics.add(OpenIncidents(self._centre.decisions.store.open, self._wall))
        self._driver = Driver(self._centre, self._wall, self._metrics)
        self._told = Told()
        self._systemd = Systemd()
        self._server = HttpServer(name_of(settings.exercise))
        self._metrics.add(PortMetrics(self._server))
        self._reloader = Reloader(
            settings, reread or (lambda: settings), self._driver, self._server, self._metrics
        )
        self._fanout = Fanout(
            lambda: self._server.connections.streams_max,
            lambda request: counted_as(self._server.access.client_of(request)),
        )
        self._offline = (topics.centre_state(settings.name), encode(CentreState("offline", boot)))
        self._link = lanes.live_link(
            settings.broker, self._driver, name=settings.name, will=self._offline, rng=rng
        )
        self._discards = Discards()
        self._bulk = lanes.bulk_link(
            settings.broker.bulk_connection(),
            BulkListener(self._driver),
            name=settings.name,
            discards=self._discards,
            rng=rng,
        )
        self._metrics.add(ConnectionMetrics(self._centre, self._discards, self._link.refusals))
        self._metrics.add(SystemMetrics())
        self._metrics.add(CertificateMetrics(settings.broker))

    @property
    def port(self) -> int:
        """Where HTTP is served, once it is."""
        return self._server.port

    @property
    def open_incidents(self) -> Collection[Incident]:
        """What is not over, for a program around us that shows it."""
        return self._centre.decisions.store.open.values()

    def put_off(self, hosts: Iterable[str], until: float) -> None:
        """Give no verdict on hosts before ``until`` (monotonic s): their agents starve here."""
        self._driver.put_off(hosts, until)

    async def run(self, stop: asyncio.Event, hangup: asyncio.Event | None = None) -> None:
        """Serve until ``stop`` is set, and reload whenever ``hangup`` is.

        Raises:
            OSError: the HTTP address cannot be had.
            ConfigError: a file for webhook or web server cannot be used.
        """
        where, reloader = self._settings.web, self._reloader
        served = web_config.load(where.config_file)
        self._server.apply(where)
        outlets = AllOutlets(
            self._settings,
            self._driver,
            self._link,
            self._bulk,
            self._metrics,
            self._wall,
            url_of=reloader.url_of,
            told=self._told,
            fanout=self._fanout,
            rng=self._rng,
        )
        view = View(self._centre, self._wall, name=self._settings.name)
        history = History(self._settings.journal.path)
        api = Api(Sources(self._centre, self._wall, view, history, self._told, self._fanout))
        renderer = Renderer(
            external_url=where.external_url,
            grafana_url=where.grafana_url,
            exercise=name_of(self._settings.exercise),
        )
        stream = PageStream(
            self._fanout,
            self._centre,
            self._wall,
            Looks(renderer, view, api.incident_now).renders,
            root=renderer.root,
            version=renderer.version,
            exercise=name_of(self._settings.exercise),
        )
        pages = Pages(
            self._centre,
            self._metrics,
            others=(api.add_to, PageRoutes(renderer, view, api).add_to, stream.add_to),
            server=self._server,
            timestamps=lambda: reloader.settings.web.timestamps,
            reload=reloader.reload,
        )
        try:
            outlets.restore()  # waits for the journal, if it is well and its disk is slow
            await self._server.begin(pages.app(), where.listen_address, served)
            took_s = round(clock.monotonic() - self._wall.start.at, 3)
            log.event(
                _logger, logging.INFO, "aggregator_started", version=__version__, took_s=took_s
            )
            self._driver.begin()  # from now on it is we who own the journal, and no other process
            async with asyncio.TaskGroup() as tasks:
                jobs = [
                    tasks.create_task(self._link.run(), name="broker link"),
                    tasks.create_task(self._bulk.run(), name="bulk link"),
                    tasks.create_task(reloader.run(hangup or asyncio.Event()), name="reload"),
                    tasks.create_task(outlets.run(), name="outlets"),
                    tasks.create_task(garbage.collect(), name="garbage"),
                    tasks.create_task(stream.run(), name="vitals on pages"),
                    tasks.create_task(feed_watchdog(self._systemd), name="watchdog"),
                ]
                self._systemd.ready(f"serving {len(self.fleet)} hosts on port {self.port}")
                await stop.wait()
                self._systemd.stopping()
                await asyncio.gather(self._link.close(self._offline), self._bulk.close())
                for job in jobs:
                    job.cancel()
        finally:
            self._driver.end()
            await self._server.end()
            outlets.close()


def new_boot() -> str:
    """Return an id for this process: by the wall clock, the later it begins, the later it sorts."""
    return f"{round(clock.wall() * 1000):012x}-{os.urandom(4).hex()}"


@contextmanager
def threads_that_make_way() -> Iterator[None]:
    """Have threads that render pages make way for the loop soon, while the block runs.

    The loop asks for Python's lock after each of its system calls, of which a turn has several.
    See ``docs/decisions/0045-threads-make-way.md``.
    """
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(MAKES_WAY_AFTER_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


async def serve(settings: config.Config, reread: Callable[[], config.Config]) -> int:
    """Run the aggregator of ``settings`` until SIGINT or SIGTERM; return which it was.

    SIGHUP has it read them again, by ``reread``.

    Raises:
        ConfigError: the inventory, or a file that the configuration names, cannot be used.
        OSError: the HTTP address cannot be had.
    """
    stop, hangup = asyncio.Event(), asyncio.Event()
    received = stop_on_signals(stop, hangup)  # first: reading a big inventory takes seconds
    fleet = inventory.fleet_of(inventory.read_all(Path(settings.inventory)))
    check_secrets(settings)
    keep_to_ourselves(*(settings.journal.path + end for end in ("", "-wal", "-shm")))
    check_usable(settings.broker)
    check_usable(settings.broker.bulk_connection())
    if settings.notify.bearer_token_file is not None:
        read_secret(settings.notify.bearer_token_file)
    aggregator = Aggregator(settings, fleet, rng=random.Random(), reread=reread)
    with threads_that_make_way():
        await aggregator.run(stop, hangup)
    return received[0]
