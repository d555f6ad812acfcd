"""Decodes a message of a results feed: its XML's root is the header, and only that is kept.

The whole message is read, so that a broken one is noticed. One whose root tag can be read is a
message, whatever is wrong before or behind that tag: it says so in ``broken``.
"""

from agent.checks.results_feed.header import (
    MAX_SCHEDULED,
    Message,
    TruncatedError,
    message_of,
    scheduled,
)
from agent.checks.results_feed.xml import Shape, XmlReader


class Reader(XmlReader):
    """Reads one message, given in pieces of any size."""

    def __init__(self, max_bytes: int) -> None:
        self._kept = _Kept()
        super().__init__(max_bytes, self._kept)

    def close(self) -> Message:
        """Return the message, now that nothing follows.

        Raises:
            TruncatedError: something should.
            FeedError: it is no message.
        """
        try:
            return self._message(self.end())
        except TruncatedError as error:
            if self._kept.header is not None:
                error.message = self._message(str(error))
            raise

    def _message(self, fault: str) -> Message:
        kept = self._kept
        return message_of(kept.header or {}, self._size_bytes, fault, tuple(kept.schedule))


class _Kept(Shape):
    """The header of a message, and the units of a schedule."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.pass_start(name, attributes)
        if self.header is None:
            self.header = attributes
            self.has_elements = attributes.get("DocumentType", "").startswith("DT_SCHEDULE")
        elif self.has_elements and len(self.schedule) < MAX_SCHEDULED:
            unit = scheduled(attributes)
            if unit is not None:
                self.schedule.append(unit)


def read(content: bytes, max_bytes: int) -> Message:
    """Return the message that ``content`` is; raises as :class:`Reader` does."""
    reader = Reader(max_bytes)
    reader.feed(content)
    return reader.close()
