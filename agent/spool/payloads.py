"""Makes the payload of a record out of a reading, and a backlog out of records.

Both are messages already: they are put together as they are, but for their age.
"""

import re
from typing import Final

import msgspec

from agent.spool.ages import Ages
from agent.spool.records import Record
from venuewatch.base.wire.catalogue import key_of
from venuewatch.base.wire.messages import Backlog, encode
from venuewatch.base.wire.topics import Stream

_MARKS: Final = {Stream.VITALS: b"v", Stream.CHECKS: b"c"}
_KEY: Final = re.compile(rb'"catalogue":"([0-9a-f]+)"')


class Payloads:
    """Knows which records could not be read.

    Attributes:
        unreadable: vitals whose catalogue is damaged, since this process began.
    """

    def __init__(self, ages: Ages | None) -> None:
        self._ages = ages
        self.unreadable = 0
        self._unreadable_up_to = 0

    def kept(self, stream: Stream, reading: bytes, taken_at: float | None) -> bytes:
        """Return the payload of a reading that was taken so long (s) after the machine began."""
        if self._ages is not None:
            reading = self._ages.stamped(reading, taken_at)
        return _MARKS[stream] + reading

    def backlog(
        self, records: list[Record], *, boot: str, session: int, sent: int, waiting: int
    ) -> bytes:
        """Return one message of records, with the catalogues that it can not be read without."""
        found: dict[bytes, list[msgspec.Raw]] = {mark: [] for mark in _MARKS.values()}
        catalogues: dict[bytes, msgspec.Raw] = {}
        for record in records:
            mark, reading = record.payload[:1], record.payload[1:]
            if mark == _MARKS[Stream.VITALS] and (named := _KEY.search(reading)) is not None:
                if named[1].decode() != key_of(record.catalogue):
                    self._count_unreadable(record.number)
                    continue
                catalogues[record.catalogue] = msgspec.Raw(record.catalogue)
            if mark in found:
                aged = reading if self._ages is None else self._ages.aged(reading)
                found[mark].append(msgspec.Raw(aged))
        return encode(
            Backlog(
                boot,
                session,
                records[-1].number,
                vitals=found[_MARKS[Stream.VITALS]],  # type: ignore[arg-type]
                checks=found[_MARKS[Stream.CHECKS]],  # type: ignore[arg-type]
                catalogues=list(catalogues.values()),  # type: ignore[arg-type]
                sent=sent,
                waiting=waiting,
            )
        )

    def _count_unreadable(self, number: int) -> None:
        """Count a record once, however often its batch is sent."""
        if number > self._unreadable_up_to:
            self._unreadable_up_to = number
            self.unreadable += 1


def size_of(records: list[Record]) -> int:
    """Return how many bytes a batch counts for: each catalogue once."""
    catalogues = {record.catalogue for record in records}
    return sum(len(record.payload) for record in records) + sum(map(len, catalogues))
