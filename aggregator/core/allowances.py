"""Allowances: how much of each stream a host may send, in all and at once.

A host that was quiet may send a burst, and pays it back at the rate of its allowance
(``budget.py``).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from venuewatch.base.wire.topics import Stream

INF: Final = float("inf")


class Allowance(NamedTuple):
    """An allowance: ``per_s`` messages (or bytes) a second, and ``burst`` of them at once."""

    per_s: float
    burst: float

    @property
    def burst_s(self) -> float:
        """How long (s) it takes until a whole burst is paid back."""
        return self.burst / self.per_s


class Spending(NamedTuple):
    """Where a host notes what it has spent: of messages, and of bytes where they count."""

    messages_until: str
    messages: Allowance
    bytes_until: str = ""
    bytes: Allowance = Allowance(INF, INF)


TRIES: Final = Allowance(20.0, 20.0)
"""Of beats that may show life, and name no boot that is known."""

NEW_CHECKS: Final = Allowance(256.0 / 3600.0, 256.0)
"""How many checks with new names one host may have: its whole configuration four times, at once."""

_SESSIONS = Allowance(5.0, 120.0)
_READINGS = Spending(
    "readings_until", Allowance(2.0, 30.0), "reading_bytes_until", Allowance(64_000.0, 640_000.0)
)

ALLOWANCES: Final[Mapping[str, Spending]] = {
    Stream.BIRTH.value: Spending("births_until", _SESSIONS),
    Stream.DEATH.value: Spending("deaths_until", _SESSIONS),
    Stream.VITALS.value: _READINGS,
    Stream.CHECKS.value: _READINGS,
    Stream.CATALOGUE.value: _READINGS,
    Stream.PROBED.value: Spending("answers_until", Allowance(20.0, 120.0)),
    Stream.BACKLOG.value: Spending(
        "backlog_until", Allowance(50.0, 100.0), "backlog_bytes_until", Allowance(1e6, 2e6)
    ),
}
"""The allowance of each stream; vitals, checks and catalogue have one together. Beats: below.

Backlog: the pace of an agent that may send at its own (``agent/spool/pace.py``). Each batch has
many readings to store, so twice of it was more than there is time for.
"""

COSTS: Final = {
    stream: (
        *(spending.messages_until, 1.0 / spending.messages.per_s, spending.messages.burst_s),
        *(spending.bytes_until, 1.0 / spending.bytes.per_s, spending.bytes.burst_s),
    )
    for stream, spending in ALLOWANCES.items()
}
"""The same in seconds: where it is noted, what one costs, and what a burst may; then of bytes."""
