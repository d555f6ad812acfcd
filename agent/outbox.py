"""Sends readings while the aggregator listens; keeps them in the spool until it does.

A reading that the broker has not acknowledged within a second, or before the session ended, is kept
as well; the aggregator tells repeats by (boot, stream, seq). The backlog follows on its own topic,
paced, and is deleted only when an aggregator has stored it. Live vitals go behind their catalogue,
which is sent in each session, when it changes, and when an aggregator asks for it. Each backlog
carries the catalogues of its own vitals: another aggregator may begin to listen with any of them. A
batch goes when the link (``Pace``) and the aggregators (``Credit``) have room for it. One that was
put back while a later one was stored is sent again by itself; where none is stored, all are.

What the broker refuses is kept, and tried again later; a batch that is larger than the broker takes
goes in smaller ones. A single reading that is too large, or whose catalogue is, is dropped, and
counted.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from agent.credit import Credit
from agent.mqtt.protocol import TOO_LARGE
from agent.spool.ages import Ages
from agent.spool.pace import Pace
from agent.spool.payloads import Payloads, size_of
from agent.spool.records import Record
from agent.spool.thread import Batch, SpoolThread
from venuewatch.base.wire.messages import Backlog, encode
from venuewatch.base.wire.topics import Stream

ACKNOWLEDGED_WITHIN_S = 1.0
RESEND_AFTER_S = 15.0
"""How long (s) the aggregator may take to store a backlog before it is sent again."""

ASKED_APART_S = 1.0
"""Of questions for a catalogue that come within this time (s) one is answered, and all hear it."""


class Receipt(Protocol):
    """The receipt of a publication; ``refused`` is the reason, empty where it was not."""

    @property
    def refused(self) -> str:
        """Return why it was refused."""

    def is_published(self) -> bool:
        """Return whether it was acknowledged."""


Send: TypeAlias = Callable[[Stream, bytes], Receipt]
"""Publishes a message of one stream at QoS 1."""


class Message(NamedTuple):
    """A reading to be published, and the message that says its catalogue, where it has one.

    ``taken_at``: seconds since the machine began; None where that is not told.
    """

    stream: Stream
    payload: bytes
    catalogue: bytes = b""
    taken_at: float | None = None


class InFlight(NamedTuple):
    """A reading that the broker has not acknowledged yet, sent at ``sent_at`` (monotonic s).

    ``said``: the receipt of its catalogue; without that nobody can read it.
    """

    message: Message
    receipt: Receipt
    said: Receipt | None
    sent_at: float

    @property
    def refused(self) -> str:
        """The reason for which it can not be read there; empty where none is known."""
        return ("" if self.said is None else self.said.refused) or self.receipt.refused

    @property
    def is_delivered(self) -> bool:
        """Whether the broker has all that it takes to read it."""
        return not self.refused and self.receipt.is_published()


class _UnderWay(NamedTuple):
    """A batch that the broker has not answered: so many records, up to the number ``last``.

    ``payload_bytes``: without their catalogues, as the spool counts what it gives.
    """

    receipt: Receipt
    last: int
    records: int
    payload_bytes: int


class Outbox:
    """The one way out for readings. Times are monotonic seconds.

    Attributes:
        credit: what the aggregators grant.
        too_large: readings that were larger than the broker takes, since this process began.
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
        self._payloads = Payloads(ages)
        self._pace = new_pace()
        self.credit = Credit(boot)
        self._room_at = -math.inf
        self._kept = 0  # since the spool was asked
        self._in_flight: list[InFlight] = []
        self._said = b""  # the last catalogue of this session
        self._said_with: Receipt | None = None
        self._said_at = -math.inf
        self.too_large = 0
        self._too_large_up_to = 0
        self._under_way: _UnderWay | None = None
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

    @property
    def unreadable(self) -> int:
        """How many vitals in the spool had a damaged catalogue, since this process began."""
        return self._payloads.unreadable

    def next_at(self) -> float:
        """Return when (monotonic s) to call ``advance`` next; infinity if nothing is to be done."""
        due = [sent.sent_at + ACKNOWLEDGED_WITHIN_S for sent in self._in_flight[:1]]
        if self._may_send and self._spool.status.pending and not self._spool.is_asked:
            may_send_at = max(self._pace.next_at, self._room_at)
            again_at = min(self._resend_at, max(self._hole_at, may_send_at))
            due.append(again_at if self._is_all_sent else may_send_at)
        return min(due, default=math.inf)

    def take(self, message: Message, send: Send | None, now: float) -> None:
        """Send a reading with ``send``; keep it if that is None."""
        if send is None:
            self._keep(message)
            return
        said = self._catalogue_for(message, send, now)
        if said is not None and said.refused:
            self._keep(message, said.refused)
            return
        receipt = send(message.stream, message.payload)
        self._in_flight.append(InFlight(message, receipt, said, now))

    def say_again(self, catalogue: bytes, send: Send | None, now: float) -> None:
        """Say the catalogue of the latest vitals to an aggregator that asks for one."""
        if send is not None and now - self._said_at >= ASKED_APART_S:
            self._say(catalogue, send, now)

    def advance(self, send: Send | None, session: int, now: float) -> None:
        """Keep what was not acknowledged in time, and let the backlog go on with ``send``."""
        self._may_send = send is not None
        self._check_in_flight(now)
        if self._under_way is not None:
            self._follow(self._under_way, now)
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
            if not sent.is_delivered:
                self._keep(sent.message, sent.refused)
        self._in_flight.clear()
        self._said, self._said_with = b"", None
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
            if sent.is_delivered:
                continue
            if sent.refused or now - sent.sent_at >= ACKNOWLEDGED_WITHIN_S:
                self._keep(sent.message, sent.refused)
            else:
                waiting.append(sent)
        self._in_flight = waiting

    def _follow(self, batch: _UnderWay, now: float) -> None:
        """Take in what the broker says to the batch that is under way."""
        refused = batch.receipt.refused
        if batch.receipt.is_published():
            self._pace.delivered(now)
        elif not refused:
            return
        elif refused != TOO_LARGE:
            self._pace.refused(not_before=now + RESEND_AFTER_S)
            self._begin_again()
        elif batch.records > 1:
            self._pace.too_large(batch.payload_bytes)
            self._begin_again()
        else:
            self._pace.refused()
            self._drop(batch.last)
        self._under_way = None

    def _drop(self, number: int) -> None:
        """Drop a reading of the spool that never fits; it counts once, however often it goes."""
        if number not in self._sent:
            return
        if number > self._too_large_up_to:
            self._too_large_up_to = number
            self.too_large += 1
        self._sent[number] = None
        self._delete_stored()

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

    def _keep(self, message: Message, refused: str = "") -> None:
        if refused == TOO_LARGE:
            self.too_large += 1
            return
        kept = self._payloads.kept(message.stream, message.payload, message.taken_at)
        self._spool.keep(kept, message.catalogue)
        self._kept += 1
        self._is_all_sent = False

    def _catalogue_for(self, message: Message, send: Send, now: float) -> Receipt | None:
        """Have the broker know the catalogue of a reading; return the receipt, if it has one."""
        if not message.catalogue:
            return None
        said = self._said_with
        is_refused = said is not None and said.refused not in {"", TOO_LARGE}
        if message.catalogue != self._said or is_refused:
            self._say(message.catalogue, send, now)
        return self._said_with

    def _say(self, catalogue: bytes, send: Send, now: float) -> None:
        self._said_with = send(Stream.CATALOGUE, catalogue)
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
        else:  # the spool was full, and has dropped it
            self._sent[hole] = None
            self._say_end(send, session, now)
        self._delete_stored()

    def _send(
        self, records: list[Record], waiting: int, send: Send, session: int, now: float
    ) -> None:
        last, size_bytes = records[-1].number, size_of(records)
        self._sent[last] = now
        self._resend_at = now + RESEND_AFTER_S
        sent = self.credit.sent + size_bytes
        backlog = self._payloads.backlog(
            records, boot=self._boot, session=session, sent=sent, waiting=waiting
        )
        receipt = send(Stream.BACKLOG, backlog)
        payload_bytes = sum(len(record.payload) for record in records)
        self._under_way = _UnderWay(receipt, last, len(records), payload_bytes)
        self._pace.sent(now)
        if receipt.refused:  # at once: the broker has not got it
            self._follow(self._under_way, now)
            self._say_end(send, session, now)
        else:
            self.credit.batch_sent(size_bytes, now)
            self._note_end()

    def _ask_for_credit(self, waiting: int, send: Send, session: int, now: float) -> None:
        """Say how many records wait: an aggregator that gives credit answers with a grant."""
        question = Backlog(self._boot, session, 0, sent=self.credit.sent, waiting=waiting)
        send(Stream.BACKLOG, encode(question))
        self.credit.asked(now)
