"""Replaces the agent's spool by memory that outlives the agent, as files would."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.spool.records import Record
from agent.spool.thread import Batch, Status


@dataclass
class Disk:
    """The spool on a machine's disk: the records that wait, and the last number given."""

    records: list[Record] = field(default_factory=list)
    last: int = 0


class MemoryKeeper:
    """Stands where ``agent.spool.thread.SpoolThread`` does, and takes no time.

    Attributes:
        status: how much waits.
        is_asked: whether an answer to ``ask`` waits to be fetched.
    """

    def __init__(self, disk: Disk, wake: Callable[[], None]) -> None:
        self._disk = disk
        self._wake = wake
        self._batch: Batch | None = None
        self.is_asked = False

    @property
    def status(self) -> Status:
        """How the spool stands."""
        return Status(pending=len(self._disk.records))

    def keep(self, payload: bytes, catalogue: bytes = b"") -> None:
        """Keep a payload, with the catalogue that it cannot be read without."""
        self._disk.last += 1
        self._disk.records.append(Record(self._disk.last, payload, catalogue))
        self._wake()

    def acknowledge(self, number: int) -> None:
        """Forget everything up to ``number``."""
        while self._disk.records and self._disk.records[0].number <= number:
            self._disk.records.pop(0)
        self._wake()

    def ask(self, after: int, *, max_bytes: int) -> bool:
        """Ask for the oldest records above ``after``; return False while an answer waits."""
        if self.is_asked:
            return False
        self.is_asked = True
        found: list[Record] = []
        size = 0
        for record in self._disk.records:
            if record.number > after:
                size += len(record.payload)
                if found and size > max_bytes:
                    break
                found.append(record)
        self._batch = Batch(found, self._disk.last - found[-1].number if found else 0)
        self._wake()
        return True

    def batch(self) -> Batch | None:
        """Return the answer to the last ``ask`` once, or None while there is none."""
        batch, self._batch = self._batch, None
        if batch is not None:
            self.is_asked = False
        return batch
