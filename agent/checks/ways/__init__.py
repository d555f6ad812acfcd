"""Ways in: each brings the bytes of one source; one file each, named as its setting.

A way frames nothing and judges nothing: :mod:`agent.checks.streams` takes apart what it brings. It
waits for nothing beyond its deadline, holds a bounded amount of memory, and raises no OSError: what
keeps it from hearing is said in :class:`Heard`, and tried again at the next reading.

A module has ``Settings``, a frozen msgspec struct with every field documented by ``about``, and
``open_way(settings, terms)``, which returns its :class:`Way` and raises nothing. In a configuration
the setting is a table, ``listen = { address = "0.0.0.0:53135", peers = ["10.1.0.0/24"] }``, or a
bare text, which is the first field: ``connect = "10.1.0.30:3601"``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.header import Reason


class Terms(NamedTuple):
    """What a way is told of its check.

    ``max_bytes``: the largest whole piece; what is larger is dropped, and counted in ``oversized``.
    ``silence_limit_s``: a connection that says nothing for so long is made anew.
    """

    max_bytes: int
    silence_limit_s: float


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
    """What one hearing brought; in one reading, a way is asked again while it has ``unread``.

    ``trouble``: what keeps it from hearing, for people, "" if nothing. ``is_unreadable``: that is
    on this side (a port that is taken, a folder or device that is gone), so it is critical at once;
    a source that does not answer is not: it is silent after its limit. ``refused``: who knocked and
    was refused, and why, "" if nobody; ``refusals``: how many were, by reason.
    ``unread``: pieces that are known and left for next time; 1 if it can't count them.
    ``begun``: streams that began with this hearing: what a check sends once connected is due.
    ``ended``: streams that will not go on; what they left unfinished is dropped. ``oversized``:
    whole pieces that were larger than ``max_bytes``: life, but no message.
    """

    pieces: Sequence[Piece] = ()
    trouble: str = ""
    refused: str = ""
    unread: int = 0
    ended: Sequence[str] = ()
    begun: Sequence[str] = ()
    oversized: int = 0
    refusals: Mapping[Reason, int] = {}
    is_unreadable: bool = False


class Way(Protocol):
    """One way in, open between readings where it has something to keep open."""

    def hear(self, now: Now, deadline: Deadline) -> Heard:
        """Return what has come since the last time, connecting first if need be."""

    def say(self, content: bytes, source: str = "") -> str:
        """Send to one stream, or to all if ``source`` is ""; return what failed, "" if nothing."""

    def close(self) -> None:
        """Release what it holds."""
