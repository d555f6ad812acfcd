"""Readings that wait for the next beat, to be in one flight of packets with it (decision 13)."""

from agent.outbox import Line, Outbox
from agent.stream import Connection
from venuewatch.base.wire.topics import Stream

RIDE_WITHIN_S = 2.0
"""Readings wait for the next beat where one comes at least so often (s)."""


class Riders:
    """What waits for the beat of a host that beats each ``interval_s``. Times are monotonic s."""

    def __init__(self, outbox: Outbox, *, interval_s: float) -> None:
        self._outbox = outbox
        self._is_often = interval_s <= RIDE_WITHIN_S
        self._waiting: list[tuple[Stream, bytes]] = []

    def add(
        self,
        readings: list[tuple[Stream, bytes]],
        connection: Connection | None,
        line: Line | None,
        now: float,
    ) -> None:
        """Let readings wait for a beat on ``connection``; they go at once where that is no help."""
        self._waiting += readings
        if connection is None or not self._is_often or not connection.is_thin:
            self.leave(line, now)

    def follow(self, connection: Connection, line: Line | None, now: float) -> None:
        """Say them right behind a beat; the next one waits for them, too."""
        if self._waiting:
            self.leave(line, now)
            connection.wrote()

    def leave(self, line: Line | None, now: float) -> None:
        """Wait no more: out over ``line``, or without one into the spool."""
        waiting, self._waiting = self._waiting, []
        for stream, payload in waiting:
            self._outbox.take(stream, payload, line, now)
