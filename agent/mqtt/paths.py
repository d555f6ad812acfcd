"""Tells a path that loses large packets in silence from one that loses all. No I/O.

A router whose next link takes smaller packets has to say so by ICMP. Where a filter drops that, the
sender hears nothing: small packets pass, and a large one never does (RFC 2923, 2.1). The life of a
connection to an address that is not known for this:

1. Its segments are as large as the machine's own link takes: a reading goes in one.
2. The first large write is watched, until one full segment of it has arrived. The path is sound
   then, and nothing is watched any more.
3. All that was written before has arrived, and the large write is sent again and again, in vain,
   while the peer is heard, or while the kernel knows of later packets that have arrived: the path
   loses large ones. Routers are allowed to cut our packets up from then on ("split"). That costs
   nothing where none has to.
4. That is no help either: the connection is to be left ("leave").

The address is remembered for an hour (``Paths``), and connections to it begin with small segments.
So it is when the other side is silent from the first large write on, to the connection's end.

Times are monotonic seconds.
"""

import math
from typing import Final, Literal, NamedTuple, TypeAlias

SEGMENT_BYTES: Final = 1_200
"""A small segment, its headers not counted. It fits a tunnel of 1,280 bytes, IPv6's least MTU."""

REMEMBERED_S: Final = 3_600.0
ADDRESSES_MAX: Final = 64

LOOK_EVERY_S: Final = 0.2
"""How often (s) a watched write is looked at: Linux sends again after as much, or more."""

REPEATS_IN_VAIN: Final = 3
"""So many repeats in vain tell a path that loses large packets, while the peer is heard."""

REPEATS_PASSED: Final = 2
"""So many do where later, smaller packets are known to have arrived."""

Advice: TypeAlias = Literal["", "split", "leave"]


class Flight(NamedTuple):
    """What the kernel knows of the bytes of a connection.

    Attributes:
        acknowledged: how many the peer has; 0 always on a kernel that does not count them.
        queued: how many are kept for the peer.
        segment_bytes: the largest segment.
        passed: how many packets have arrived behind one that is lost.
        repeats: how often in a row the oldest packet was sent again in vain.
        silent_s: how long ago the peer was heard.
    """

    acknowledged: int
    queued: int
    segment_bytes: int
    passed: int
    repeats: int
    silent_s: float


class _Large(NamedTuple):
    """A large write of the time ``at``.

    What was written before it is there once ``begins_at`` bytes are acknowledged, and its first
    segment once ``arrives_at`` are. ``repeats`` were seen before the time ``at``.
    """

    begins_at: int
    arrives_at: int
    is_full: bool
    at: float
    repeats: int = 0


class Watch:
    """Watches the first large write of one connection.

    Attributes:
        next_at: when to look next.
        is_sound: whether the path takes the largest segments; nothing is watched any more.
    """

    def __init__(self) -> None:
        self._large: _Large | None = None
        self._is_repeated = False
        self._was_split = False
        self.is_sound = False
        self.next_at = math.inf

    @property
    def is_in_vain(self) -> bool:
        """Whether a large write was sent again, and none has arrived so far."""
        return self._large is not None and self._is_repeated

    def before_write(self, size_bytes: int, flight: Flight, now: float) -> None:
        """Note that so many bytes are handed to the kernel next, at once."""
        if self.is_sound or self._large is not None or size_bytes <= SEGMENT_BYTES:
            return
        if flight.segment_bytes <= SEGMENT_BYTES:
            self.is_sound = True  # as small as can be
            return
        begins_at = flight.acknowledged + flight.queued
        self._large = _Large(
            begins_at=begins_at,
            arrives_at=begins_at + min(size_bytes, flight.segment_bytes),
            is_full=size_bytes >= flight.segment_bytes,
            at=now,
        )
        self._is_repeated = False
        self.next_at = now + LOOK_EVERY_S

    def look(self, flight: Flight, now: float) -> Advice:
        """Return what is to be done, if anything."""
        large = self._large
        if large is None:
            return ""
        if flight.acknowledged >= large.arrives_at or not flight.queued:
            self._large = None
            self.is_sound = large.is_full
            self.next_at = math.inf
            return ""
        self.next_at = now + LOOK_EVERY_S
        if flight.acknowledged < large.begins_at:
            return ""  # what was lost is smaller
        repeats = flight.repeats - large.repeats
        self._is_repeated |= repeats > 0
        if repeats < (REPEATS_PASSED if flight.passed else REPEATS_IN_VAIN):
            return ""
        is_heard = flight.silent_s < (now - large.at) / 2  # not of what was sent before
        if not flight.passed and not is_heard:
            return ""  # as if all were lost: the keepalive has its say
        if self._was_split:
            self.next_at = math.inf
            return "leave"
        self._was_split = True
        self._large = large._replace(at=now, repeats=flight.repeats)
        return "split"


class Paths:
    """Remembers the addresses whose path loses large packets.

    Attempts ask and tell beside the loop, in threads of theirs: the table is replaced as a whole.
    """

    def __init__(self) -> None:
        self._narrow_until: dict[str, float] = {}

    def is_narrow(self, address: str, now: float) -> bool:
        """Tell whether a connection to an address is to begin with small segments."""
        return now < self._narrow_until.get(address, -math.inf)

    def lose_large(self, address: str, now: float) -> bool:
        """Note that the path to an address loses large packets; return whether that is news."""
        is_news = not self.is_narrow(address, now)
        until = {each: end for each, end in self._narrow_until.items() if now < end}
        until[address] = now + REMEMBERED_S
        while len(until) > ADDRESSES_MAX:
            del until[min(until, key=until.__getitem__)]
        self._narrow_until = until
        return is_news
