"""Ways in: each brings the bytes of one source; one file each, named as its setting.

A way frames nothing and judges nothing: :mod:`agent.checks.streams` takes apart what it brings. It
waits for nothing beyond its deadline, holds a bounded amount of memory, and raises no OSError: what
keeps it from hearing is said in :class:`Heard`, and tried again at the next reading.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from agent.checks.reading.times import Deadline, Now


class Piece(NamedTuple):
    """Bytes that came together.

    ``is_whole``: they begin and end where the source said (a datagram, a message, a body, a file);
    else they are the next bytes of the stream ``source``. ``name`` is that of a file.
    """

    content: bytes
    is_whole: bool = False
    source: str = ""
    name: str = ""


class Heard(NamedTuple):
    """What one reading brought.

    ``trouble``: what keeps it from hearing, for people, "" if nothing. ``refused``: who knocked and
    was refused, and why, "" if nobody. ``unread``: pieces that are known and left for next time.
    ``ended``: streams that will not go on; what they left unfinished is dropped.
    """

    pieces: Sequence[Piece] = ()
    trouble: str = ""
    refused: str = ""
    unread: int = 0
    ended: Sequence[str] = ()


class Way(Protocol):
    """One way in, open between readings where it has something to keep open."""

    def hear(self, now: Now, deadline: Deadline) -> Heard:
        """Return what has come since the last time, connecting first if need be."""

    def say(self, content: bytes, source: str = "") -> str:
        """Send to one stream, or to all if ``source`` is ""; return what failed, "" if nothing."""

    def close(self) -> None:
        """Release what it holds."""
