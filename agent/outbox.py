"""Sends readings while the aggregator listens; keeps them in the spool until it does.

A reading waits for the next beat, so that one flight of packets carries both (decision 13). One
that the broker has not acknowledged within a second, or before the session ended, is kept as well;
the aggregator tells repeats by (boot, stream, seq). The backlog follows on its own topic, paced,
and is deleted only when an aggregator has stored it. Live vitals go behind their catalogue, which
is sent in each session, when it changes, and when an aggregator asks for it. Each backlog carries
the catalogues of its own vitals: another aggregator may begin to listen with any of them. A batch
goes when the link (``Pace``) and the aggregators (``Credit``) have room for it. One that was put
back while a later one was stored is sent again by itself; where none is stored, all are.
"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from agent.credit import Credit
from agent.spool.ages import Ages
from agent.spool.pace import Pace
from agent.spool.records import Record
from agent.spool.thread import Batch, SpoolThread
from venuewatch.base.wire.catalogue import key_of
from venuewatch.base.wire.messages import Backlog, encode
from venuewatch.base.wire.topics import Stream

ACKNOWLEDGED_WITHIN_S = 1.0
RESEND_AFTER_S = 15.0
"""How long (s) the aggregator may take to store a backlog before it is sent again."""

ASKED_APART_S = 1.0
"""Of questions for a catalogue that come within this time (s) one is answered, and all hear it."""

WAIT_FOR_BEAT_S = 2.0
"""Readings wait for the next beat where one comes at least so often (s)."""

_MARKS = {Stream.VITALS: b"v", Stream.CHECKS: b"c"}
_KEY = re.compile(rb'"catalogue":"([0-9a-f]+)"')


class Receipt(Protocol):
    """The receipt of a publication."""

    def is_published(self) -> bool:
        """Return whether it was acknowledged."""


Send: TypeAlias = Callable[[Stream, bytes], Receipt]
"""Publishes a message of one stream at QoS 1."""


class BeatLink(Protocol):
    """The connection that beats go out on, as ``agent.mqtt.thin_tcp.Connection`` is one."""

    @property
    def is_thin(self) -> bool:
        """Whether a beat that is lost is soon sent again."""

    def wrote(self) -> None:
        """Note that the next beat has to wait for what was written up to now."""


class Message(NamedTuple):
    """A reading to be published, and the message that says its catalogue, where it has one.

    ``taken_at``: seconds since the machine began; None where that is not told.
    """

    stream: Stream
    payload: bytes
    catalogue: bytes = b""
    taken_at: float | None = None


class InFlight(NamedTuple):
    """A reading that the broker has not acknowledged yet, sent at ``sent_at`` (monotonic s)."""

    message: Message
    receipt: Receipt
    sent_at: float


class Outbox:
    """The one way out for readings. Times are monotonic seconds.

    Attributes:
        credit: what the aggregators grant.
        unreadable: vitals in the spool whose catalogue is damaged, since this process began.
    """

    def __init__(
        self,
        spool: SpoolThread,
        *,
        boot: str,
        ages: Ages | None = None,
        new_pace: Callable[[], Pace] = Pace,
    ) -> None:
        self._spool = spool
        self._boot = boot
        self._ages = ages
        self._pace = new_pace()
        self.credit = Credit(boot)
        self._room_at = -math.inf
        self._kept = 0  # since the spool was asked
        self._in_flight: list[InFlight] = []
        self._said = b""  # the last catalogue of this session
        self._said_at = -math.inf
        self.unreadable = 0
        self._unreadable_up_to = 0  # a batch is sent again
        self._under_way: Receipt | None = None
        self._sent: dict[int, float | None] = {}  # when, by the last number; None once stored
        self._sent_up_to = 0
        self._asked_after = 0
        self._hole = 0  # the last number of a batch that the spool is asked for again
        self._waiting = 0  # records behind the last batch
        self._is_all_sent = False
        self._resend_at = 0.0
        self._hole_at = math.inf
        self._may_send = False

    @property
    def in_flight(self) -> int:
        """How many readings the broker has not acknowledged yet."""
        return len(self._in_flight)

    def next_at(self) -> float | None:
        """Return when (monotonic s) to call ``advance`` next, None if nothing is to be done."""
        due = [sent.sent_at + ACKNOWLEDGED_WITHIN_S for sent in self._in_flight[:1]]
        if self._may_send and self._spool.status.pending and not self._spool.is_asked:
            may_send_at = max(self._pace.next_at, self._room_at)
            again_at = min(self._resend_at, max(self._hole_at, may_send_at))
            due.append(again_at if self._is_all_sent else may_send_at)
        return min(due, default=None)

    def take(self, message: Message, send: Send | None, now: float) -> None:
        """Send a reading with ``send``; keep it if that is None."""
        if send is None:
            self._keep(message)
            return
        if message.catalogue and message.catalogue != self._said:
            self._say(message.catalogue, send, now)
        receipt = send(message.stream, message.payload)
        self._in_flight.append(InFlight(message, receipt, now))

    def say_again(self, catalogue: bytes, send: Send | None, now: float) -> None:
        """Say the catalogue of the latest vitals to an aggregator that asks for one."""
        if send is not None and now - self._said_at >= ASKED_APART_S:
            self._say(catalogue, send, now)

    def advance(self, send: Send | None, session: int, now: float) -> None:
        """Keep what was not acknowledged in time, and let the backlog go on with ``send``."""
        self._may_send = send is not None
        self._check_in_flight(now)
        if self._under_way is not None and self._under_way.is_published():
            self._under_way = None
            self._pace.delivered(now)
        if send is None or not self._spool.status.pending:
            return
        batch = self._spool.batch()
        if batch is not None:
            self._take(batch, send, session, now)
        if now >= self._resend_at:
            self._begin_again()
            self._resend_at = now + RESEND_AFTER_S
        if (self._is_all_sent and now < self._hole_at) or now < self._pace.next_at:
            return
        self.credit.begin(now)
        if self.credit.is_question_due(now):
            self._ask_for_credit(self._spool.status.pending, send, session, now)
        room = self.credit.room(now)
        self._room_at = now if room else self.credit.next_at(now)
        max_bytes = int(min(self._pace.batch_bytes, room))
        if max_bytes:
            self._ask(max_bytes, now)

    def acknowledged(self, number: int, now: float) -> None:
        """Note that the aggregator has stored the batch that ends with ``number``.

        Everything up to the first batch that it has not stored is deleted.
        """
        if number not in self._sent:
            return
        self._sent[number] = None
        self._resend_at = now + RESEND_AFTER_S
        self._delete_stored()

    def session_ended(self) -> None:
        """Keep what the broker has not acknowledged; the backlog begins again where it stood."""
        for sent in self._in_flight:
            if not sent.receipt.is_published():
                self._keep(sent.message)
        self._in_flight.clear()
        self._said = b""
        self._under_way = None
        self._pace.interrupted()
        self.credit.session_ended()
        self._begin_again()

    def begin_boot(self, boot: str) -> None:
        """Be another boot, between two sessions: what the one before was granted is void."""
        self._boot = boot
        self.credit.begin_boot(boot)

    def close(self) -> None:
        """Store everything that is under way."""
        self.session_ended()
        self._spool.close()

    def _check_in_flight(self, now: float) -> None:
        waiting = []
        for sent in self._in_flight:
            if sent.receipt.is_published():
                continue
            if now - sent.sent_at >= ACKNOWLEDGED_WITHIN_S:
                self._keep(sent.message)
            else:
                waiting.append(sent)
        self._in_flight = waiting

    def _begin_again(self) -> None:
        """Send the backlog again from the first record that the centre has not stored."""
        self._sent.clear()
        self._hole_at = math.inf
        self._hole = 0
        self._sent_up_to = 0  # the spool begins at what was acknowledged
        self._is_all_sent = False

    def _delete_stored(self) -> None:
        """Delete what is stored up to the first batch that is not, and note when that goes again.

        It goes again once a later one is stored: it was put back, or lost.
        """
        while self._sent and self._sent[first := next(iter(self._sent))] is None:
            del self._sent[first]
            self._spool.acknowledge(first)
        sent_at = next(iter(self._sent.values()), None)
        self._hole_at = math.inf
        if sent_at is not None and None in self._sent.values():
            self._hole_at = sent_at + RESEND_AFTER_S

    def _keep(self, message: Message) -> None:
        payload, ages = message.payload, self._ages
        payload = payload if ages is None else ages.stamped(payload, message.taken_at)
        self._spool.keep(_MARKS[message.stream] + payload, message.catalogue)
        self._kept += 1
        self._is_all_sent = False

    def _say(self, catalogue: bytes, send: Send, now: float) -> None:
        send(Stream.CATALOGUE, catalogue)
        self._said = catalogue
        self._said_at = now

    def _ask(self, max_bytes: int, now: float) -> None:
        """Ask the spool for the batch that is to go again, or for the next one."""
        is_hole_due = now >= self._hole_at
        after = 0 if is_hole_due else self._sent_up_to
        if not self._spool.ask(after, max_bytes=max_bytes):
            return
        if is_hole_due:
            self._hole = next(iter(self._sent))
        else:
            self._asked_after, self._kept = after, 0

    def _take(self, batch: Batch, send: Send, session: int, now: float) -> None:
        """Take what the spool has given."""
        hole, self._hole = self._hole, 0
        if hole:
            self._fill(hole, batch, send, session, now)
        elif self._asked_after == self._sent_up_to:  # else we began again
            self._go_on(batch, send, session, now)

    def _go_on(self, batch: Batch, send: Send, session: int, now: float) -> None:
        """Send the next batch, or note that there is no more."""
        waiting = batch.behind + self._kept
        self._is_all_sent = not waiting
        self._waiting = batch.behind
        if batch.records:
            self._sent_up_to = batch.records[-1].number
            self._send(batch.records, waiting, send, session, now)
            self._note_end()
        else:
            self._say_end(send, session, now)

    def _note_end(self) -> None:
        """Note that the last message said that nothing waits, if nothing does."""
        if self._is_all_sent:
            self.credit.all_sent()

    def _say_end(self, send: Send, session: int, now: float) -> None:
        """Say that nothing waits, if nothing does, and the aggregators do not know."""
        if self._is_all_sent and self.credit.is_waiting:
            self._ask_for_credit(0, send, session, now)
        self._note_end()

    def _fill(self, hole: int, batch: Batch, send: Send, session: int, now: float) -> None:
        """Send a batch again that a later one has passed, or the first part of it."""
        if hole != next(iter(self._sent), 0):  # it was stored meanwhile, or we began again
            self._say_end(send, session, now)
            return
        records = [record for record in batch.records if record.number <= hole]
        if records:
            self._sent = {records[-1].number: now, **self._sent}
            self._send(records, self._waiting + self._kept, send, session, now)
            self._note_end()
        else:  # the spool was full, and has dropped it
            self._sent[hole] = None
            self._say_end(send, session, now)
        self._delete_stored()

    def _send(
        self, records: list[Record], waiting: int, send: Send, session: int, now: float
    ) -> None:
        self._sent[records[-1].number] = now
        self._resend_at = now + RESEND_AFTER_S
        self.credit.batch_sent(_size_of(records), now)
        self._under_way = send(Stream.BACKLOG, self._encoded(records, waiting, session))
        self._pace.sent(now)

    def _ask_for_credit(self, waiting: int, send: Send, session: int, now: float) -> None:
        """Say how many records wait: an aggregator that gives credit answers with a grant."""
        question = Backlog(self._boot, session, 0, sent=self.credit.sent, waiting=waiting)
        send(Stream.BACKLOG, encode(question))
        self.credit.asked(now)

    def _encoded(self, records: list[Record], waiting: int, session: int) -> bytes:
        """Make one message of records that are messages already."""
        found: dict[bytes, list[msgspec.Raw]] = {mark: [] for mark in _MARKS.values()}
        catalogues: dict[bytes, msgspec.Raw] = {}
        for record in records:
            mark, payload = record.payload[:1], record.payload[1:]
            if mark == _MARKS[Stream.VITALS] and (named := _KEY.search(payload)) is not None:
                if named[1].decode() != key_of(record.catalogue):
                    self._count_unreadable(record)
                    continue
                catalogues[record.catalogue] = msgspec.Raw(record.catalogue)
            if mark in found:
                aged = payload if self._ages is None else self._ages.aged(payload)
                found[mark].append(msgspec.Raw(aged))
        return encode(
            Backlog(
                self._boot,
                session,
                records[-1].number,
                vitals=found[_MARKS[Stream.VITALS]],  # type: ignore[arg-type]
                checks=found[_MARKS[Stream.CHECKS]],  # type: ignore[arg-type]
                catalogues=list(catalogues.values()),  # type: ignore[arg-type]
                sent=self.credit.sent,
                waiting=waiting,
            )
        )

    def _count_unreadable(self, record: Record) -> None:
        if record.number > self._unreadable_up_to:
            self._unreadable_up_to = record.number
            self.unreadable += 1


def _size_of(records: list[Record]) -> int:
    """Return how many bytes a batch counts for: each catalogue once."""
    catalogues = {record.catalogue for record in records}
    return sum(len(record.payload) for record in records) + sum(map(len, catalogues))


class BeatQueue:
    """Readings that wait for the next beat of a host that beats each ``interval_s``.

    Times are monotonic seconds.
    """

    def __init__(self, outbox: Outbox, *, interval_s: float) -> None:
        self._outbox = outbox
        self._is_often = interval_s <= WAIT_FOR_BEAT_S
        self._waiting: list[Message] = []

    def add(
        self,
        readings: list[Message],
        connection: BeatLink | None,
        send: Send | None,
        now: float,
    ) -> None:
        """Let readings wait for a beat on ``connection``, or send them where that is no help."""
        self._waiting += readings
        if connection is None or not self._is_often or not connection.is_thin:
            self.flush(send, now)

    def follow_beat(self, connection: BeatLink, send: Send | None, now: float) -> None:
        """Send them right behind a beat; the next beat waits for them, too."""
        if self._waiting:
            self.flush(send, now)
            connection.wrote()

    def flush(self, send: Send | None, now: float) -> None:
        """Send what waits, or spool it if ``send`` is None."""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._outbox.take(message, send, now)
