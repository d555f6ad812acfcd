"""Webhook outlet: one JSON POST for each change of an incident, until it is taken.

Nothing waits for it: notices queue here (``core/notices``), and in the journal's outbox for the
next process. Each is sent at least once; its id is the same each time, in the body and as
``Idempotency-Key``, so that the receiver can leave out repeats. Only 400, 413 and 422 drop a
notice: any other answer is for an operator to mend, and the notice waits. Neither the path, the
user nor the token is ever logged.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import msgspec

from aggregator.config import Notify
from aggregator.core.incidents.alerts import row_of, sentence_of
from aggregator.core.incidents.record import IncidentChanged, Subject
from aggregator.core.notices.queue import Change, NoticeQueue, Waiting, waiting_of
from aggregator.core.notices.turns import Owner
from aggregator.core.outputs import Output, Tell
from aggregator.shell.http.api.record import IncidentJson, incident_json
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets.answers import is_refusal, is_success, pause_s
from aggregator.shell.outlets.own_metrics import OwnMetrics, Result
from aggregator.shell.outlets.posting import (
    LOOK_EVERY_S,
    Troubles,
    exposure_of,
    in_words,
    session_of,
    until_set,
)
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.told import Telling, Told
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock, config
from venuewatch.base.exercise import marked

UrlOf: TypeAlias = Callable[[str], str]
"""Returns the whole address of a path of ours, as people and other programs reach it."""

_UNKNOWN = "unknown"  # of another version

_logger = logging.getLogger("aggregator.notify")


class NoticeJson(msgspec.Struct, frozen=True):
    """The body of a notice; ``id`` is the same each time that it is tried.

    ``url``: where the aggregator shows the incident. ``sentence``: what people are told of it.
    """

    id: str
    change: Change
    incident: IncidentJson
    aggregator: str
    url: str
    sentence: str
    severity: str


class _Place(msgspec.Struct, frozen=True):
    venue: str
    host: str


class _Head(msgspec.Struct, frozen=True):
    """What a notice of an earlier process is about."""

    change: str
    incident: _Place


def notice(
    change: Change,
    incident: IncidentJson,
    seq: int,
    *,
    aggregator: str,
    url_of: UrlOf,
    exercise: str = "",
) -> Notice:
    """Return the notice from ``aggregator`` of an incident's change number ``seq``."""
    url = url_of(f"/incidents/{incident.number}")
    subject = Subject(incident.scope, incident.venue, incident.host, incident.check)
    body = NoticeJson(
        f"{incident.number}-{seq}",
        change,
        incident,
        aggregator,
        url,
        marked(sentence_of(subject, incident.cause), exercise),
        row_of(subject, incident.cause).alert.severity,
    )
    return Notice(body.id, msgspec.json.encode(body))


def notice_of(
    changed: IncidentChanged, wall: WallTime, aggregator: str, url_of: UrlOf, exercise: str = ""
) -> Notice:
    """Return the notice about a change of an incident that is reported."""
    if changed.change == "corrected":
        raise ValueError("a correction is not reported")
    incident = incident_json(changed.incident, wall)
    return notice(
        changed.change,
        incident,
        changed.seq,
        aggregator=aggregator,
        url_of=url_of,
        exercise=exercise,
    )


class _Failure(NamedTuple):
    """An attempt that failed: why, and the pause (s) that the receiver wants."""

    why: str
    pause_s: float | None = None


class Webhook:
    """The queue to one webhook; ``settle`` is called with the ids that wait no more.

    ``receivers`` gets to know when the webhook fails for long.

    Raises:
        ConfigError: the file of authorities cannot be used.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        where: Notify,
        settle: Callable[[Sequence[str]], None],
        metrics: OwnMetrics,
        *,
        notice_of: Callable[[IncidentChanged], Notice],
        rng: random.Random,
        receivers: Receivers,
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
        self._receivers = receivers
        self._queue = NoticeQueue(rng, retry_max_s=where.retry_max_s)
        self._waiting: dict[str, Waiting] = {}
        self._changed = asyncio.Event()
        self._why = self._why_lost = ""
        self._is_failing = False
        self._exposure: str | None = None
        self._is_misconfigured = False
        self._look_at = 0.0
        parts = urlsplit(where.webhook_url)
        at = f"{parts.scheme}://{parts.hostname}"
        self._troubles = Troubles(_logger, "webhook_fails", at)

    def take(self, outputs: Sequence[Output]) -> None:
        """Queue a notice for each ``Tell``. Its body is made when it is sent."""
        told = [waiting_of(output.changed) for output in outputs if isinstance(output, Tell)]
        if told:
            self._add(told)

    def add(self, notices: Sequence[Notice]) -> None:
        """Queue what an earlier process has left."""
        self._add([left_of(notice) for notice in notices])

    def waiting(self) -> Sequence[Notice]:
        """Return what is still to be sent, of each incident in order."""
        return [Notice(one.id, self._body_of(one)) for one in self._waiting.values()]

    async def run(self) -> None:
        """Send what waits, and what is added, until cancelled."""
        async with session_of(self._where.timeout_s) as session, asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                now = clock.monotonic()
                while (notice := self._queue.take(now)) is not None:
                    tasks.create_task(self._send(session, notice), name=f"notice {notice.id}")
                self._tell_health(now)
                await until_set(self._changed, self._queue.next_at - now)

    def _add(self, notices: Sequence[Waiting]) -> None:
        now = clock.monotonic()
        self._waiting.update((notice.id, notice) for notice in notices)
        dropped = [lost for notice in notices for lost in self._queue.add(notice, now)]
        self._metrics.pending(self._queue.waiting)
        self._changed.set()
        if dropped:
            self._why_lost = "too many notices wait: repeats of the loudest are dropped"
            self._troubles.report(self._why_lost)
            for notice in dropped:
                self._note(notice, "it was dropped: too many waited")
            self._end([notice.id for notice in dropped], "dropped")

    async def _send(self, session: aiohttp.ClientSession, notice: Waiting) -> None:
        """Try a notice once, and note what became of it."""
        try:
            outcome = await self._try(session, notice)
            self._is_misconfigured = False
        except Exception as error:  # noqa: BLE001 - no receiver may keep us from watching
            outcome = _Failure(in_words(error))
            self._is_misconfigured = isinstance(error, config.ConfigError)
        now = clock.monotonic()
        match outcome:
            case "delivered":
                self._queue.delivered(notice)
                if self._queue.is_well:
                    self._troubles.end()
                self._end([notice.id], outcome)
            case "dropped":
                self._queue.refused(notice, now)
                self._end([notice.id], outcome)
            case _Failure(why, pause_s):
                self._queue.failed(notice, now, pause_s=pause_s)
                self._why = why
                self._troubles.report(why)
                self._note(notice, f"{why}; it is tried again")
        self._changed.set()

    async def _try(self, session: aiohttp.ClientSession, notice: Waiting) -> Result | _Failure:
        """Return what became of it.

        Raises:
            Exception: why it could not be sent.
        """
        async with session.post(
            self._url,
            data=self._body_of(notice),
            headers=self._headers(notice),
            ssl=self._tls,
            allow_redirects=False,  # the token is for this address alone
        ) as answer:
            status, headers = answer.status, answer.headers
        if is_success(status):
            self._note(notice, f"it was taken ({status})")
            return "delivered"
        if is_refusal(status):
            self._why_lost = f"it answers {status}: what it refuses is dropped"
            self._troubles.report(self._why_lost)
            self._note(notice, f"it was refused ({status}), and is not tried again")
            return "dropped"
        return _Failure(_answered(status), pause_s(status, headers, clock.wall()))

    def _body_of(self, notice: Waiting) -> bytes:
        content = notice.content
        return content if isinstance(content, bytes) else self._notice_of(content).body

    def _tell_health(self, now: float) -> None:
        """Tell when the webhook fails for long, by our own fault, or has lost notices."""
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self._is_failing = self._queue.failing_since(now) is not None
            self._exposure = exposure_of(self._where)
        why = self._exposure
        if self._is_failing or self._is_misconfigured:
            why = self._why
        elif self._queue.has_lost(now):
            why = self._why_lost
        self._receivers.note("webhook", why)

    def _note(self, notice: Waiting, answer: str) -> None:
        if notice.change == _UNKNOWN:
            return
        telling = Telling(clock.wall(), "webhook", notice.change, answer)
        self._told.note(notice.number, telling)

    def _headers(self, notice: Waiting) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.id}
        if self._where.bearer_token_file is not None:
            token = config.read_secret(self._where.bearer_token_file)
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _end(self, ids: Sequence[str], result: Result) -> None:
        self._metrics.pending(self._queue.waiting)
        for id_ in ids:
            self._waiting.pop(id_, None)
        self._metrics.settled(result, len(ids))
        self._settle(ids)


def left_of(notice: Notice) -> Waiting:
    """Return a notice of an earlier process; what another version has left is owned by no venue."""
    number, seq = map(int, notice.id.split("-"))
    try:
        head = msgspec.json.decode(notice.body, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        head = _Head(_UNKNOWN, _Place("", ""))
    owner = Owner(head.incident.venue, head.incident.host)
    return Waiting(notice.id, number, seq, owner, head.change, notice.body, len(notice.body))


def _answered(status: int) -> str:
    is_redirect = 300 <= status < 400  # noqa: PLR2004 - HTTP's
    return f"it answers {status}" + (": a redirect, which is not followed" if is_redirect else "")
