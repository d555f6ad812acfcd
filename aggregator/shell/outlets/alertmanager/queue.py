"""Queue of one Alertmanager: pushes the latest of each alert until it is accepted."""

import asyncio
import logging
import random
import ssl
from collections.abc import Iterable, Sequence
from http import HTTPStatus

import aiohttp
import msgspec

from aggregator import config
from aggregator.core.incidents.pushing import Push
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.answers import is_refusal
from aggregator.shell.outlets.posting import Troubles, authorization, in_words, session_of
from aggregator.shell.told import Telling, Told
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.wire.links import wait_before

PENDING_MAX = 50_000
"""How many alerts may wait for one Alertmanager."""

TOGETHER_MAX = 200
"""How many alerts are pushed in one request; to write them takes the event loop some 5 ms."""

ANSWER_BYTES_MAX = 64_000_000
"""How long an Alertmanager's list of alerts is at most."""

_logger = logging.getLogger("aggregator.alertmanager")


class _AnswerError(Exception):
    """An Alertmanager has answered something unexpected; the text is for the operator."""


class _Firing(msgspec.Struct, frozen=True):
    """One alert, as Alertmanager lists it while it is not over."""

    labels: dict[str, str]


_decode_firing = msgspec.json.Decoder(list[_Firing]).decode


class AlertQueue:
    """The alerts that wait for one Alertmanager, and what became of the others.

    Attributes:
        place: by what it is told from others in the log and in metrics.
        sent, dropped: how many alerts were accepted, and how many were not and are given up.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        where: config.Alertmanager,
        url: str,
        writer: AlertWriter,
        *,
        place: str,
        tls: ssl.SSLContext,
        rng: random.Random,
        told: Told | None = None,
    ) -> None:
        self._where = where
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._writer = writer
        self._tls = tls
        self._rng = rng
        self._told = told or Told()
        self._pending: dict[str, Push] = {}
        self._has_some = asyncio.Event()
        self._troubles = Troubles(_logger, "alertmanager_fails", place)
        self.place = place
        self.sent = 0
        self.dropped = 0

    @property
    def waiting(self) -> list[Push]:
        """The alerts that wait, the oldest first."""
        return list(self._pending.values())

    @property
    def pending(self) -> int:
        """How many alerts wait."""
        return len(self._pending)

    def add(self, pushes: Iterable[Push]) -> None:
        """Queue these, each in place of what still waits of the same alert."""
        for push in pushes:
            self._pending.pop(push.key, None)
            self._pending[push.key] = push
        while len(self._pending) > PENDING_MAX:
            del self._pending[next(iter(self._pending))]
            self.dropped += 1
            self._troubles.report(f"more than {PENDING_MAX} alerts wait: the oldest are dropped")
        if self._pending:
            self._has_some.set()

    async def run(self) -> None:
        """Push what waits, and what is added, until cancelled."""
        attempt = 0
        async with session_of(self._where.timeout_s) as session:
            while True:
                await self._has_some.wait()
                if await self._push_some(session):
                    attempt = 0
                else:
                    max_s = self._where.retry_max_s
                    await asyncio.sleep(wait_before(attempt, self._rng, max_s=max_s))
                    attempt += 1
                if not self._pending:
                    self._has_some.clear()

    async def _push_some(self, session: aiohttp.ClientSession) -> bool:
        """Push one request full; return False if it is to be tried again."""
        pushes = self._take_some()
        try:
            wanted = await self._still_firing(session, pushes)
            status = await self._post(session, wanted) if wanted else HTTPStatus.OK
        except _AnswerError as error:
            return self._report(pushes, str(error))
        except (aiohttp.ClientError, OSError, ValueError, ConfigError) as error:
            return self._report(pushes, in_words(error))
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._troubles.end()
            self.sent += len(wanted)
            self._note(wanted, f"it was taken ({status})")
            self._settle(pushes)
            return True
        if is_refusal(status):
            self._troubles.report(f"it answers {status}: what it refuses is dropped")
            self.dropped += len(wanted)
            self._note(wanted, f"it was refused ({status}), and is not tried again")
            self._settle(pushes)
            return True
        return self._report(wanted, f"it answers {status}")

    def _report(self, pushes: Iterable[Push], why: str) -> bool:
        """Report that alerts are to be tried again: return False."""
        self._troubles.report(why)
        certain = [push for push in pushes if not push.is_conditional]
        self._note(certain, f"{why}; it is tried again")
        return False

    def _take_some(self) -> list[Push]:
        """Return the oldest that wait; conditional ones only when no others do.

        An answer about these may be slow, or fail, and news must not wait for it. An alert that has
        waited until its end would read as over: it is left out, and pushed anew while it is open.
        """
        now = clock.monotonic()
        stale = [key for key, it in self._pending.items() if not it.is_over and it.ends_at <= now]
        for key in stale:
            del self._pending[key]
        waiting = self.waiting
        certain = [push for push in waiting if not push.is_conditional]
        return (certain or waiting)[:TOGETHER_MAX]

    async def _still_firing(
        self, session: aiohttp.ClientSession, pushes: Sequence[Push]
    ) -> Sequence[Push]:
        """Return these; of conditional ones, those that the Alertmanager has as firing."""
        if not any(push.is_conditional for push in pushes):
            return pushes
        listed = await self._list(session)
        firing = {frozenset(alert.labels.items()) for alert in listed}
        labels_of = self._writer.labels_of
        return [push for push in pushes if frozenset(labels_of(push).items()) in firing]

    async def _list(self, session: aiohttp.ClientSession) -> list[_Firing]:
        """Return what the Alertmanager has of ours and does not hold for over."""
        content = bytearray()
        async with session.get(
            self._url,
            params={"filter": 'alertname=~"Venuewatch.+"'},
            headers=authorization(self._where),
            ssl=self._tls,
            allow_redirects=False,
        ) as answer:
            if answer.status != HTTPStatus.OK:
                raise _AnswerError(f"asked for its alerts, it answers {answer.status}")
            async for part in answer.content.iter_any():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise _AnswerError("its list of alerts is too long")
        try:
            return _decode_firing(content)
        except msgspec.DecodeError:
            raise _AnswerError("expected a list of alerts, got something else") from None

    async def _post(self, session: aiohttp.ClientSession, pushes: Iterable[Push]) -> int:
        body = msgspec.json.encode([self._writer.alert_of(push) for push in pushes])
        headers = {"Content-Type": "application/json", **authorization(self._where)}
        async with session.post(
            self._url, data=body, headers=headers, ssl=self._tls, allow_redirects=False
        ) as answer:
            return answer.status

    def _note(self, pushes: Iterable[Push], answer: str) -> None:
        """Note what became of alerts, for the timelines of their incidents."""
        at = clock.wall()
        for push in pushes:
            said = "over" if push.is_over else f"firing, {push.incident.cause}"
            telling = Telling(at, f"alertmanager {self.place}", said, answer)
            self._told.note(push.incident.number, telling)

    def _settle(self, pushes: Iterable[Push]) -> None:
        for push in pushes:
            if self._pending.get(push.key) is push:  # or it was replaced meanwhile
                del self._pending[push.key]
