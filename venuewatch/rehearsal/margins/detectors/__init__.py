"""Contract of a failure detector: it gets each beat of a host, and has a deadline."""

from typing import Protocol


class FailureDetector(Protocol):
    """Watches one host."""

    @property
    def deadline(self) -> float:
        """When (s) it suspects the host if nothing more is heard; infinity before the first."""

    def hear(self, number: int, now: float) -> None:
        """Take in beat ``number``, heard at ``now`` (s)."""
