"""Where readings go: out at once while somebody listens, else to the spool, and from there later.

A reading that went out and that the broker has not acknowledged within a second, or before the
session ended, is kept as well; the centre tells repeats by (boot, stream, seq). The backlog
follows the live lane on its own topic, paced, and is forgotten only when the centre has stored it.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from agent.keeper import Keeper
from agent.spool.pace import Pace
from agent.spool.records import Record
from venuewatch.base.wire.messages import Backlog, encode
from venuewatch.base.wire.topics import Stream

ACKNOWLEDGED_WITHIN_S = 1.0
RESEND_AFTER_S = 15.0
"""How long (s) the centre may take to store a backlog before it is sent again."""

_MARKS = {Stream.VITALS: b"v", Stream.CHECKS: b"c"}


class Receipt(Protocol):
    """What a publication returns: whether the broker has it."""

    def is_published(self) -> bool:
        """Return whether it was acknowledged."""


class Line(Protocol):
    """How a message goes out: stream and payload, at QoS 1."""

    def __call__(self, stream: Stream, payload: bytes) -> Receipt:
        """Publish."""


class InFlight(NamedTuple):
    """A reading that the broker has not acknowledged yet, sent at ``sent_at`` (monotonic s)."""

    stream: Stream
    payload: bytes
    receipt: Receipt
    sent_at: float


class Outbox:
    """The one way out for readings. Times are monotonic seconds."""

    def __init__(self, keeper: Keeper, *, boot: str, new_pace: Callable[[], Pace] = Pace) -> None:
        self._keeper = keeper
        self._boot = boot
        self._pace = new_pace()
        self._in_flight: list[InFlight] = []
        self._under_way: Receipt | None = None
        self._sent: dict[int, bool] = {}
        self._sent_up_to = 0
        self._asked_after = 0
        self._is_all_sent = False
        self._resend_at = 0.0
        self._has_line = False

    @property
    def in_flight(self) -> int:
        """How many readings the broker has not acknowledged yet."""
        return len(self._in_flight)

    def next_at(self) -> float | None:
        """Return when (monotonic s) to call ``advance`` next, None if nothing is to be done."""
        due = [sent.sent_at + ACKNOWLEDGED_WITHIN_S for sent in self._in_flight[:1]]
        if self._has_line and self._keeper.status.pending and not self._keeper.is_asked:
            due.append(self._resend_at if self._is_all_sent else self._pace.next_at)
        return min(due, default=None)

    def take(self, stream: Stream, payload: bytes, line: Line | None, now: float) -> None:
        """Send a reading out over ``line``; without one, keep it."""
        if line is None:
            self._keep(stream, payload)
        else:
            self._in_flight.append(InFlight(stream, payload, line(stream, payload), now))

    def advance(self, line: Line | None, session: int, now: float) -> None:
        """Keep what was not acknowledged in time, and let the backlog go on if there is a line."""
        self._has_line = line is not None
        self._check_in_flight(now)
        if self._under_way is not None and self._under_way.is_published():
            self._under_way = None
            self._pace.delivered(now)
        if line is None or not self._keeper.status.pending:
            return
        batch = self._keeper.batch()
        if self._asked_after != self._sent_up_to:
            batch = None  # asked for before we began again
        if batch:
            self._send(batch, line, session, now)
        elif batch is not None:
            self._is_all_sent = True
        if now >= self._resend_at:
            self._begin_again()
            self._resend_at = now + RESEND_AFTER_S
        if self._is_all_sent or now < self._pace.next_at:
            return
        if self._keeper.ask(self._sent_up_to, max_bytes=self._pace.batch_bytes):
            self._asked_after = self._sent_up_to

    def acknowledged(self, number: int, now: float) -> None:
        """Note that the centre has stored the batch that ends with ``number``.

        What is forgotten is everything up to the first batch that it has not stored.
        """
        if number not in self._sent:
            return
        self._sent[number] = True
        self._resend_at = now + RESEND_AFTER_S
        while self._sent and self._sent[first := next(iter(self._sent))]:
            del self._sent[first]
            self._keeper.acknowledge(first)

    def session_ended(self) -> None:
        """Keep what the broker has not acknowledged; the backlog begins again where it stood."""
        for sent in self._in_flight:
            if not sent.receipt.is_published():
                self._keep(sent.stream, sent.payload)
        self._in_flight.clear()
        self._under_way = None
        self._pace.interrupted()
        self._begin_again()

    def close(self) -> None:
        """Keep whatever is under way, and see it safe."""
        self.session_ended()
        self._keeper.close()

    def _check_in_flight(self, now: float) -> None:
        waiting = []
        for sent in self._in_flight:
            if sent.receipt.is_published():
                continue
            if now - sent.sent_at >= ACKNOWLEDGED_WITHIN_S:
                self._keep(sent.stream, sent.payload)
            else:
                waiting.append(sent)
        self._in_flight = waiting

    def _begin_again(self) -> None:
        """Send the backlog again from the first record that the centre has not stored."""
        self._sent.clear()
        self._sent_up_to = 0  # the spool begins at what was acknowledged
        self._is_all_sent = False

    def _keep(self, stream: Stream, payload: bytes) -> None:
        self._keeper.keep(_MARKS[stream] + payload)
        self._is_all_sent = False

    def _send(self, batch: list[Record], line: Line, session: int, now: float) -> None:
        self._sent_up_to = batch[-1].number
        self._sent[self._sent_up_to] = False
        self._resend_at = now + RESEND_AFTER_S
        self._under_way = line(Stream.BACKLOG, _encoded(batch, self._boot, session))
        self._pace.sent(now)


def _encoded(batch: list[Record], boot: str, session: int) -> bytes:
    """Make one message of records that are messages already."""

    def of(stream: Stream) -> list[msgspec.Raw]:
        mark = _MARKS[stream]
        return [msgspec.Raw(record.payload[1:]) for record in batch if record.payload[:1] == mark]

    return encode(
        Backlog(
            boot,
            session,
            batch[-1].number,
            vitals=of(Stream.VITALS),  # type: ignore[arg-type]
            checks=of(Stream.CHECKS),  # type: ignore[arg-type]
        )
    )
