"""Queue of one Alertmanager: pushes the latest of each alert until it is accepted.

``core/notices/alerts.py`` decides what goes when.
"""

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
from aggregator.core.notices.alerts import PENDING_MAX, AlertsQueue
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.answers import is_refusal, is_success, pause_s
from aggregator.shell.outlets.posting import (
    Troubles,
    authorization,
    exposure_of,
    in_words,
    session_of,
    until_set,
)
from aggregator.shell.outlets.receivers import Health, Receivers
from aggregator.shell.told import Telling, Told
from venuewatch.base import clock
from venuewatch.base.config import ConfigError

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
        receivers: Receivers,
        told: Told | None = None,
    ) -> None:
        self._where = where
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._writer = writer
        self._tls = tls
        self._told = told or Told()
        self._alerts = AlertsQueue(rng, retry_max_s=where.retry_max_s)
        self._health = Health(f"alertmanager {place}", receivers)
        self._changed = asyncio.Event()
        self._troubles = Troubles(_logger, "alertmanager_fails", place)
        self.place = place
        self.sent = 0
        self.dropped = 0

    @property
    def waiting(self) -> list[Push]:
        """The alerts that wait, the oldest first."""
        return self._alerts.waiting

    @property
    def pending(self) -> int:
        """How many alerts wait."""
        return len(self._alerts)

    def add(self, pushes: Iterable[Push]) -> None:
        """Queue these, each in place of what still waits of the same alert."""
        dropped = self._alerts.add(pushes)
        if dropped:
            self.dropped += len(dropped)
            self._troubles.report(f"more than {PENDING_MAX} alerts wait: the loudest lose some")
        self._changed.set()

    def keep(self, keys: set[str]) -> None:
        """Forget of all other alerts that the Alertmanager has them."""
        self._alerts.keep(keys)

    async def run(self) -> None:
        """Push what waits, and what is added, until cancelled."""
        async with session_of(self._where.timeout_s) as session:
            while True:
                self._changed.clear()
                now = clock.monotonic()
                pushes = self._alerts.take(now)
                if pushes:
                    await self._push(session, pushes)
                else:
                    await until_set(self._changed, self._alerts.next_at - now)

    async def _push(self, session: aiohttp.ClientSession, pushes: Sequence[Push]) -> None:
        """Push one request, and note what became of it."""
        try:
            wanted = await self._still_firing(session, pushes)
            if wanted:
                status, pause = await self._post(session, wanted)
            else:
                status, pause = HTTPStatus.OK, None
        except _AnswerError as error:
            self._fail(pushes, str(error))
        except Exception as error:  # noqa: BLE001 - no receiver may keep us from watching
            self._fail(pushes, in_words(error), is_ours=isinstance(error, ConfigError))
        else:
            self._take_answer(pushes, wanted, status, pause)

    def _take_answer(
        self, pushes: Sequence[Push], wanted: Sequence[Push], status: int, pause: float | None
    ) -> None:
        if is_success(status):
            self._alerts.accepted(pushes)
            self.sent += len(wanted)
            self._note(wanted, f"it was taken ({status})")
            if self._alerts.is_well:
                self._troubles.end()
                self._health.well(exposure_of(self._where))
        elif is_refusal(status):
            self._troubles.report(f"it answers {status}: what it refuses is dropped")
            dropped = self._alerts.refused(pushes)
            self.dropped += len(dropped)
            if dropped:
                self._health.failed(f"it answers {status}", clock.monotonic())
            self._note(dropped, f"it was refused ({status}), and is not tried again")
        else:
            self._fail(pushes, f"it answers {status}", pause=pause)

    def _fail(
        self,
        pushes: Sequence[Push],
        why: str,
        *,
        pause: float | None = None,
        is_ours: bool = False,
    ) -> None:
        """Report that alerts are to be tried again."""
        now = clock.monotonic()
        self._alerts.failed(pushes, now, pause_s=pause)
        self._health.failed(why, now, is_ours=is_ours)
        self._troubles.report(why)
        certain = [push for push in pushes if not push.is_conditional]
        self._note(certain, f"{why}; it is tried again")

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
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _AnswerError("expected a list of alerts, got something else") from None

    async def _post(
        self, session: aiohttp.ClientSession, pushes: Iterable[Push]
    ) -> tuple[int, float | None]:
        """Return the status of the answer, and the pause (s) that is wanted."""
        body = msgspec.json.encode([self._writer.alert_of(push) for push in pushes])
        headers = {"Content-Type": "application/json", **authorization(self._where)}
        async with session.post(
            self._url, data=body, headers=headers, ssl=self._tls, allow_redirects=False
        ) as answer:
            return answer.status, pause_s(answer.status, answer.headers, clock.wall())

    def _note(self, pushes: Iterable[Push], answer: str) -> None:
        """Note what became of alerts, for the timelines of their incidents."""
        at = clock.wall()
        for push in pushes:
            said = "over" if push.is_over else f"firing, {push.incident.cause}"
            telling = Telling(at, f"alertmanager {self.place}", said, answer)
            self._told.note(push.incident.number, telling)
