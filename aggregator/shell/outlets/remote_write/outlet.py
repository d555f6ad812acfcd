"""Outlet to a remote-write receiver: hands late readings to ``backfill``, and posts its batches."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import aiohttp
import cramjam
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator import config
from aggregator.core.catalogues import KnownCheck, KnownVitals
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.outputs import CameLate, HostChanged, LateReading, Output, Store
from aggregator.core.states import ALIVE
from aggregator.shell.outlets.posting import (
    Troubles,
    authorization,
    check_usable,
    in_words,
    session_of,
)
from aggregator.shell.outlets.remote_write.backfill import (
    WORDS,
    Answer,
    Backfill,
    Batch,
    Reason,
    meaning_of,
)
from aggregator.shell.outlets.remote_write.instants import (
    JobLabels,
    instants_of,
    series_of,
    timed_readings,
)
from aggregator.shell.outlets.remote_write.write_request import HEADERS, encode
from venuewatch.base import log
from venuewatch.base.wire.links import wait_before

_ANSWER_BYTES = 4_096  # of its text, the beginning says why

_logger = logging.getLogger("aggregator.remote_write")


class RemoteWriteOutlet:
    """Sends the late readings of a fleet to one receiver.

    Attributes:
        backfill: what waits, and what became of the rest.

    Raises:
        ConfigError: the file of authorities, or a secret, cannot be used.
    """

    def __init__(
        self,
        where: config.RemoteWrite,
        jobs: config.RemoteWriteLabels,
        fleet: Fleet,
        *,
        rng: random.Random,
        wall_now: Callable[[], float | None],
    ) -> None:
        """``wall_now``: s since 1970; None while our clock is in doubt."""
        self._wall_now = wall_now
        self._where = where
        self._jobs = JobLabels(jobs.vitals, jobs.checks)
        self._fleet = fleet
        self._rng = rng
        self._tls = check_usable(where)
        self._has_some = asyncio.Event()
        place = urlsplit(where.url).netloc
        self._troubles = Troubles(_logger, "remote_write_fails", place)
        self._told: set[Reason] = set()
        self._lost: deque[tuple[Host, Sequence[KnownVitals | KnownCheck]]] = deque()
        self.backfill = Backfill(window_s=where.window_s)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, and nothing is under way."""
        return not self._has_some.is_set()

    def take(self, outputs: Sequence[Output]) -> None:
        """Keep each late reading, and the last ones of a host whose series now end.

        These may have come after the last scrape. Where they did not, the samples are equal.
        """
        for output in outputs:
            match output:
                case Store(readings=readings):
                    for late in readings:
                        self._add(late)
                case CameLate(reading=late):
                    self._add(late)
                case HostChanged(before=before, after=after):
                    host = self._fleet.find(output.host)
                    if host is not None and before in ALIVE and after not in ALIVE:
                        self._lost.append((host, timed_readings(host)))
        if self._lost or self.backfill.pending:
            self._has_some.set()

    def _add(self, late: LateReading) -> None:
        host = self._fleet.find(late.host)
        if host is not None:
            self.backfill.add(instants_of(host, late.known, self._jobs))

    async def run(self) -> None:
        """Send what waits, and what is added, until cancelled."""
        attempt = 0
        async with session_of(self._where.timeout_s) as session:
            while True:
                await self._has_some.wait()
                await self._take_in_lost()
                batch = self.backfill.batch(self._wall_now())
                if not batch:
                    self._has_some.clear()
                elif await self._write(session, batch):
                    attempt = 0
                else:
                    max_s = self._where.retry_max_s
                    await asyncio.sleep(wait_before(attempt, self._rng, max_s=max_s))
                    attempt += 1
                self._report_drops()

    async def _take_in_lost(self) -> None:
        """Keep the last readings of lost hosts, one by one: a whole fleet may be lost at once."""
        while self._lost:
            self.backfill.add(instants_of(*self._lost.popleft(), self._jobs))
            await asyncio.sleep(0)

    async def _write(self, session: aiohttp.ClientSession, batch: Batch) -> bool:
        """Write a batch; return False if it is to be tried again."""
        body = await asyncio.to_thread(_body_of, batch)
        try:
            status, text = await self._post(session, body)
        except Exception as error:  # noqa: BLE001 - no receiver may keep us from watching
            self._troubles.report(in_words(error))
            return False
        answer = meaning_of(status, text)
        if answer is Answer.TOO_OLD and self._wall_now() is None:
            answer = Answer.LATER  # the receiver's clock may be ours
        self.backfill.take_answer(answer)
        if answer is Answer.WRITTEN:
            self._troubles.end()
        else:
            self._troubles.report(f"it answers {status}")
        return answer is not Answer.LATER

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> tuple[int, str]:
        headers = {**HEADERS, **authorization(self._where)}
        async with session.post(
            self._where.url, data=body, headers=headers, ssl=self._tls, allow_redirects=False
        ) as answer:
            text = await answer.content.read(_ANSWER_BYTES)
            return answer.status, text.decode(errors="replace")

    def _report_drops(self) -> None:
        """Log each reason for which samples were dropped, the first time; the rest is a metric."""
        for reason, count in self.backfill.dropped.items():
            if count and reason not in self._told:
                self._told.add(reason)
                log.event(_logger, logging.WARNING, "remote_write_drops", why=WORDS[reason])


class RemoteWriteMetrics(Collector):
    """Counts late samples at a scrape."""

    def __init__(self, backfill: Backfill) -> None:
        self._backfill = backfill

    def collect(self) -> Iterator[Metric]:
        """Yield the three families."""
        backfill = self._backfill
        yield CounterMetricFamily(
            "venuewatch_aggregator_remote_write_samples",
            "Late samples that the remote-write receiver has accepted.",
            value=backfill.written,
        )
        dropped = CounterMetricFamily(
            "venuewatch_aggregator_remote_write_samples_dropped",
            "Late samples that were given up, by reason.",
            labels=["reason"],
        )
        for reason, count in backfill.dropped.items():
            dropped.add_metric([reason], count)
        yield dropped
        yield GaugeMetricFamily(
            "venuewatch_aggregator_remote_write_samples_pending",
            "Late samples that wait for the remote-write receiver.",
            value=backfill.pending,
        )


def _body_of(batch: Batch) -> bytes:
    return bytes(cramjam.snappy.compress_raw(encode(series_of(batch))))
