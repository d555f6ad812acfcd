"""Joins the aggregator's parts: what the broker brings goes through the core, and out.

Every entry into the core passes ``_now``, which first tells the core if our own loop came late:
an observer that was stalled accuses nobody.
"""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import mqtt5
import msgspec
from aiohttp import web

from aggregator import config, inventory
from aggregator.core.events import (
    BacklogHeard,
    BirthWanted,
    HostChanged,
    IncidentChanged,
    PortWanted,
    ProbeWanted,
)
from aggregator.core.fleet import Fleet
from aggregator.core.ticks import until_next_s
from aggregator.core.watch import Watch
from aggregator.shell.http.app import Pages, Told
from aggregator.shell.journal.recorder import Record
from aggregator.shell.journal.writer import Journal
from aggregator.shell.mqtt import port_probe
from aggregator.shell.mqtt.link import BrokerLink, subscription
from aggregator.shell.outlets import log as log_lines
from aggregator.shell.outlets.venue_status import Statuses
from aggregator.shell.outlets.webhook import Notifier
from aggregator.shell.own_metrics import Metrics
from aggregator.shell.signals import stop_on_signals
from aggregator.shell.walltime import WallTime
from venuewatch import __version__
from venuewatch.base import clock, log
from venuewatch.base.config import ConfigError, check_usable, read_secret
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import Acknowledge, CentreState, Command, Probe, Rebirth, encode

LOOK_EVERY_S = 0.1
"""How often (s) the loop looks at least, to notice its own lag."""

LOOK_APART_S = 0.02
"""How long (s) two looks are apart at least; a verdict is stamped with its own deadline anyway."""

STALL_S = 0.3
"""A lag (s) of our own loop from which on deadlines are credited with it."""

SAVE_EVERY_S = 5.0

_logger = logging.getLogger("aggregator")


class Aggregator:
    """The whole of it. ``fleet`` is what it knows, for whoever shows it."""

    def __init__(self, settings: config.Config, fleet: Fleet, *, rng: random.Random) -> None:
        self._settings = settings
        self.fleet = fleet
        self._watch = Watch(
            fleet,
            reconnect_max_s=settings.broker.reconnect_max_s,
            away_limit_s=settings.detection.away_limit_s,
        )
        self._intake = self._watch.intake
        self._metrics = Metrics(self._watch, version=__version__)
        self._state_topic = topics.centre_state(settings.name)
        self._link = BrokerLink(
            settings.broker,
            self,
            client_id=settings.name,
            filters=_subscriptions(settings.broker),
            will=(self._state_topic, encode(CentreState("offline"))),
            rng=rng,
        )
        self._wall = WallTime(clock.monotonic(), clock.wall())
        self._record = Record(self._watch, self._wall, name=settings.name)
        self._statuses = Statuses(fleet, self._watch.register, self._wall, name=settings.name)
        self._rng = rng
        self._loop: asyncio.AbstractEventLoop
        self._look_timer: asyncio.TimerHandle | None = None
        self._look_at = 0.0
        self._ran_at = 0.0
        self._refused_before: set[Reason] = set()
        self.port = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set.

        Raises:
            OSError: the HTTP address cannot be had.
            ConfigError: the journal cannot be used.
        """
        self._loop = asyncio.get_running_loop()
        self._look_at = self._ran_at = clock.monotonic()
        self._remember()
        runner = web.AppRunner(self._pages().app(), access_log=None)
        await runner.setup()
        host, web_port = config.host_and_port(self._settings.web.listen_address)
        try:
            site = web.TCPSite(runner, host, web_port)
            await site.start()
            self.port = runner.addresses[0][1]
            log.event(_logger, logging.INFO, "serving", address=runner.addresses[0])
            self._record.begin()
            async with asyncio.TaskGroup() as tasks:
                jobs = [
                    tasks.create_task(self._link.run(), name="broker link"),
                    tasks.create_task(self._tick(), name="ticks"),
                    tasks.create_task(self._save(), name="journal"),
                ]
                if self._record.notifier is not None:
                    jobs.append(tasks.create_task(self._record.notifier.run(), name="notices"))
                self._look()
                await stop.wait()
                await self._link.close((self._state_topic, encode(CentreState("offline"))))
                for job in jobs:
                    job.cancel()
        finally:
            if self._look_timer is not None:
                self._look_timer.cancel()
            await runner.cleanup()
            self._record.close(clock.wall())

    def hear(self, publishes: Sequence[mqtt5.PublishPacket]) -> None:
        """Take in what one read brought."""
        now, wall = self._now(), clock.wall()
        hear = self._watch.hear
        for publish in publishes:
            try:
                hear(publish.topic, publish.payload, is_retained=publish.retain, now=now, wall=wall)
            except MalformedMessageError as error:
                self._log_refused(error, publish.topic)
        self._tell()

    def refuse(self, reason: Reason) -> None:
        """Count what could not even be decoded as a packet."""
        self._intake.rejected[reason] += 1

    def subscribed(self) -> None:
        """Begin the grace, and say that we are there."""
        self._metrics.connected.set(1)
        self._statuses.begin()
        self._watch.subscribed(self._now())
        self._link.publish(
            self._state_topic, encode(CentreState("online")), qos=1, is_retained=True
        )
        self._tell()

    def lost(self) -> None:
        """Blind from now on: nobody's silence means anything."""
        self._metrics.connected.set(0)
        self._watch.blinded(self._now())
        self._tell()

    def _remember(self) -> None:
        """Give the core what earlier processes knew.

        Raises:
            ConfigError: the journal cannot be used.
        """
        settings, record = self._settings.journal, self._record
        if self._settings.notify.webhook_url is not None:
            record.notifier = Notifier(
                self._settings.notify, record.settle, self._metrics, rng=self._rng
            )
        if settings.path is None:
            return
        try:
            record.journal = Journal(
                Path(settings.path),
                name=self._settings.name,
                keep_days=settings.keep_days,
                on_stored=record.stored,
                on_refused=record.refused,
            )
            record.restore(clock.monotonic())
        except (sqlite3.Error, msgspec.MsgspecError, ValueError) as error:
            record.close(clock.wall())
            raise ConfigError(f"{settings.path}: {error}") from None

    def _pages(self) -> Pages:
        told = Told(self._watch.register, self._wall)
        return Pages(self.fleet, self._metrics, told, lambda: self._watch.is_settled)

    def _now(self) -> float:
        """Return the time, after telling the core if our loop came too late to be fair."""
        now = clock.monotonic()
        lag_s = now - self._look_at
        if lag_s > STALL_S:
            log.event(_logger, logging.WARNING, "stalled", lag_s=round(lag_s, 3))
            self._watch.stalled(self._ran_at, now)
            self._metrics.note_lag(lag_s, now)
            self._look_at = now
        self._ran_at = now
        return now

    def _look(self) -> None:
        now = self._now()
        self._wall.note(now, clock.wall())
        self._metrics.note_lag(max(0.0, now - self._look_at), now)
        self._watch.advance(now)
        self._wake_at(now + LOOK_EVERY_S)
        self._tell()

    def _tell(self) -> None:
        """Hand on what became true, and be awake at the next deadline."""
        events = self._watch.events()
        self._statuses.note(events)
        for event in events:
            match event:
                case HostChanged():
                    self._metrics.note_change(event)
                    log_lines.host_changed(event)
                case IncidentChanged():
                    log_lines.incident_changed(event)
                case BirthWanted():
                    self._command(event.venue, event.host, Rebirth())
                case ProbeWanted():
                    self._command(event.venue, event.by, _probe(event))
                case PortWanted():
                    self._loop.create_task(self._ask_port(), name="broker's port")
        backlogs, self._intake.reported.backlogs = self._intake.reported.backlogs, []
        self._record.take(events, partial(self._acknowledge, backlogs) if backlogs else None)
        due = self._watch.next_deadline()
        if due is not None:
            due = max(due, clock.monotonic() + LOOK_APART_S)
            if due < self._look_at:
                self._wake_at(due)

    def _command(self, venue: str, host: str, command: Command) -> None:
        topic = topics.topic(venue, host, topics.Stream.CMD)
        self._link.publish(topic, encode(command), qos=1)

    async def _ask_port(self) -> None:
        said = await port_probe.ask(self._settings.broker)
        self._watch.hear_port(said, self._now())
        self._tell()

    def _wake_at(self, at: float) -> None:
        if self._look_timer is not None:
            self._look_timer.cancel()
        self._look_at = at
        self._look_timer = self._loop.call_at(at, self._look)

    def _acknowledge(self, backlogs: Sequence[BacklogHeard]) -> None:
        for backlog in backlogs:
            acknowledge = Acknowledge(backlog.boot, backlog.number)
            self._command(backlog.venue, backlog.host, acknowledge)

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            self._record.save(clock.wall())

    async def _tick(self) -> None:
        start = self._loop.time()
        while True:
            self._link.publish(topics.TICK, encode(self._watch.tick(self._now())))
            self._tell()
            self._statuses.say(partial(self._link.publish, qos=1, is_retained=True))
            await asyncio.sleep(until_next_s(start, self._loop.time()))

    def _log_refused(self, error: MalformedMessageError, topic: str) -> None:
        if error.reason not in self._refused_before:
            self._refused_before.add(error.reason)
            log_lines.message_refused(error, topic)


def _subscriptions(where: config.Broker) -> list[mqtt5.TopicFilter]:
    filters = [
        subscription(topics.EVERYTHING_UPWARD, no_local=True),
        subscription(topics.TICK),  # its way back to us is the canary
    ]
    return filters + ([subscription(topics.BROKER_DROPPED)] if where.sys_topics else [])


def _probe(wanted: ProbeWanted) -> Probe:
    return Probe(
        number=wanted.number,
        host=wanted.host,
        address=wanted.address,
        port=wanted.port,
        timeout_s=wanted.timeout_s,
    )


async def serve(settings: config.Config) -> int:
    """Run the aggregator of ``settings`` until SIGINT or SIGTERM; return which it was.

    Raises:
        ConfigError: the inventory, or a file that the configuration names, cannot be used.
        OSError: the HTTP address cannot be had.
    """
    fleet = inventory.fleet_of(inventory.read(Path(settings.inventory)))
    check_usable(settings.broker)
    if settings.notify.bearer_token_file is not None:
        read_secret(settings.notify.bearer_token_file)
    stop = asyncio.Event()
    received = stop_on_signals(stop)
    await Aggregator(settings, fleet, rng=random.Random()).run(stop)
    return received[0]
