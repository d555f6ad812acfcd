"""Lets readings wait for the next beat: one flight of packets carries both (decision 13)."""

from typing import Protocol

from agent.outbox import Message, Outbox, Send

WAIT_FOR_BEAT_S = 2.0
"""Readings wait for the next beat where one comes at least so often (s)."""


class BeatLink(Protocol):
    """The connection that beats go out on, as ``agent.mqtt.thin_tcp.Connection`` is one."""

    @property
    def is_thin(self) -> bool:
        """Whether a beat that is lost is soon sent again."""

    def wrote(self) -> None:
        """Note that the next beat has to wait for what was written up to now."""


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
