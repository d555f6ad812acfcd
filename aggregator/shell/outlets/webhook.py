"""Webhook outlet: one JSON POST for each change of an incident, in order, until it is taken.

Nothing waits for it: notices queue here, and in the journal's outbox for the next process. Each is
sent at least once; its id is the same each time, in the body and as ``Idempotency-Key``, so that
the receiver can leave out repeats. A 4xx other than 408 and 429 drops the notice: it would block
the queue. Above ``PENDING_MAX`` waiting notices the oldest are dropped: the latest say how things
stand. Neither the path, the user nor the token is ever logged.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import msgspec

from aggregator.config import Notify
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import Output, Tell
from aggregator.shell.http.api.record import IncidentJson, incident_json
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets.answers import is_refusal
from aggregator.shell.outlets.own_metrics import OwnMetrics, Result
from aggregator.shell.outlets.posting import Troubles, in_words, session_of
from aggregator.shell.told import Telling, Told
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock, config
from venuewatch.base.wire.links import wait_before

PENDING_MAX = 10_000
"""How many notices may wait: a few days of a bad rehearsal, and some 20 MB."""

Change: TypeAlias = Literal["opened", "sharpened", "closed", "removed"]
"""A change of an incident that is reported."""

UrlOf: TypeAlias = Callable[[str], str]
"""Returns the whole address of a path of ours, as people and other programs reach it."""

_logger = logging.getLogger("aggregator.notify")


class NoticeJson(msgspec.Struct, frozen=True):
    """The body of a notice; ``id`` is the same each time that it is tried.

    ``url``: where the aggregator shows the incident.
    """

    id: str
    change: Change
    incident: IncidentJson
    aggregator: str
    url: str


class _Number(msgspec.Struct, frozen=True):
    number: int


class _Head(msgspec.Struct, frozen=True):
    """What a notice is about."""

    change: str
    incident: _Number


def notice(
    change: Change, incident: IncidentJson, seq: int, *, aggregator: str, url_of: UrlOf
) -> Notice:
    """Return the notice from ``aggregator`` of an incident's change number ``seq``."""
    url = url_of(f"/incidents/{incident.number}")
    body = NoticeJson(f"{incident.number}-{seq}", change, incident, aggregator, url)
    return Notice(body.id, msgspec.json.encode(body))


def notice_of(changed: IncidentChanged, wall: WallTime, aggregator: str, url_of: UrlOf) -> Notice:
    """Return the notice about a change of an incident that is reported."""
    if changed.change == "corrected":
        raise ValueError("a correction is not reported")
    incident = incident_json(changed.incident, wall)
    return notice(changed.change, incident, changed.seq, aggregator=aggregator, url_of=url_of)


class Webhook:
    """The queue to one webhook; ``settle`` is called with the ids that wait no more.

    Raises:
        ConfigError: the file of authorities cannot be used.
    """

    def __init__(
        self,
        where: Notify,
        settle: Callable[[Sequence[str]], None],
        metrics: OwnMetrics,
        *,
        notice_of: Callable[[IncidentChanged], Notice],
        rng: random.Random,
        told: Told | None = None,
    ) -> None:
        if where.webhook_url is None:
            raise ValueError("expected a webhook_url")
        self._url = where.webhook_url
        self._where = where
        self._tls = config.trusting(where.ca_file)
        self._settle = settle
        self._metrics = metrics
        self._notice_of = notice_of
        self._told = told or Told()
        self._rng = rng
        self._pending: deque[Notice] = deque()
        self._has_some = asyncio.Event()
        parts = urlsplit(where.webhook_url)
        at = f"{parts.scheme}://{parts.hostname}"
        self._troubles = Troubles(_logger, "webhook_fails", at)

    def take(self, outputs: Sequence[Output]) -> None:
        """Queue a notice for each ``Tell``."""
        notices = [self._notice_of(out.changed) for out in outputs if isinstance(out, Tell)]
        if notices:
            self.add(notices)

    def add(self, notices: Sequence[Notice]) -> None:
        """Queue these behind all others; the oldest are dropped when too many wait."""
        self._pending.extend(notices)
        too_many = len(self._pending) - PENDING_MAX
        if too_many > 0:
            first = self._pending.popleft()  # it may be on its way just now
            oldest = [self._pending.popleft() for _ in range(too_many)]
            self._pending.appendleft(first)
            self._troubles.report(f"more than {PENDING_MAX} wait: the oldest are dropped")
            for notice in oldest:
                self._note(notice, "it was dropped: too many waited")
            self._end([notice.id for notice in oldest], "dropped")
        self._metrics.pending(len(self._pending))
        if self._pending:
            self._has_some.set()

    async def run(self) -> None:
        """Send what waits, and what is added, until cancelled."""
        async with session_of(self._where.timeout_s) as session:
            while True:
                await self._has_some.wait()
                await self._send(session, self._pending[0])

    async def _send(self, session: aiohttp.ClientSession, notice: Notice) -> None:
        attempt = 0
        while (result := await self._try(session, notice)) is None:
            await asyncio.sleep(wait_before(attempt, self._rng, max_s=self._where.retry_max_s))
            attempt += 1
        self._pending.popleft()
        if not self._pending:
            self._has_some.clear()
        self._metrics.pending(len(self._pending))
        self._end([notice.id], result)

    async def _try(self, session: aiohttp.ClientSession, notice: Notice) -> Result | None:
        """Return what became of it; None if it is to be tried again."""
        try:
            async with session.post(
                self._url,
                data=notice.body,
                headers=self._headers(notice),
                ssl=self._tls,
                allow_redirects=False,  # the token is for this address alone
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, ValueError, config.ConfigError) as error:
            self._report(notice, in_words(error))
            return None
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._troubles.end()
            self._note(notice, f"it was taken ({status})")
            return "delivered"
        if is_refusal(status):
            self._troubles.report(f"it answers {status}: what it refuses is dropped")
            self._note(notice, f"it was refused ({status}), and is not tried again")
            return "dropped"
        self._report(notice, f"it answers {status}")
        return None

    def _report(self, notice: Notice, why: str) -> None:
        """Report that a notice is to be tried again."""
        self._troubles.report(why)
        self._note(notice, f"{why}; it is tried again")

    def _note(self, notice: Notice, answer: str) -> None:
        try:
            head = msgspec.json.decode(notice.body, type=_Head)
        except msgspec.DecodeError:  # of another version
            return
        telling = Telling(clock.wall(), "webhook", head.change, answer)
        self._told.note(head.incident.number, telling)

    def _headers(self, notice: Notice) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.id}
        if self._where.bearer_token_file is not None:
            token = config.read_secret(self._where.bearer_token_file)
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _end(self, ids: Sequence[str], result: Result) -> None:
        self._metrics.settled(result, len(ids))
        self._settle(ids)
