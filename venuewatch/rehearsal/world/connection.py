"""Joins two processes by a TCP connection: in order, sent again until acknowledged, both ways.

A cut of either direction soon stops the data of both, and what waited comes in one burst. A
closed end says so with a packet, which needs the network too. A host whose cable is out is
unreachable for its router, which says so to a sender that tries again (measured with Linux 6.18
as a router: after 3 s without an answer to its ARP requests).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from venuewatch.rehearsal.tcp.lone import LoneSender
from venuewatch.rehearsal.tcp.round_trip import RoundTrip
from venuewatch.rehearsal.tcp.sender import THIN_RETRIES, Sender, Tcp, gives_up_after_s
from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.network import Way
from venuewatch.rehearsal.world.process import RUNNING, SimProcess

AGENT_TCP: Final = Tcp(rto_max_s=1.0)  # agent.stream asks for it
STOCK_TCP: Final = Tcp(is_stock=True)
ROUND_TRIP_UNKNOWN_S: Final = 1 / 3  # whose timeout is 1 s (RFC 6298, 2.1)
WINDOW: Final = 10  # segments (RFC 6928); a thin stream makes it grow no further
UNREACHABLE_AFTER_S: Final = 3.0  # three ARP requests, a second apart

_FIN = object()


class Endpoint:
    """One end of a connection.

    ``on_data`` gets what the other end sent, ``on_closed`` is told once that the connection is
    over; both only while the process lives, and once it runs.
    """

    __slots__ = ("is_gone", "is_open", "lane", "on_closed", "on_data", "peer", "process", "way")

    def __init__(self, loop: Loop, process: SimProcess, way: Way, tcp: Tcp) -> None:
        self.process = process
        self.way = way
        self.is_open = True
        self.is_gone = False  # whether its kernel knows nothing of it any more
        self.on_data: Callable[[Any], None] = lambda _item: None
        self.on_closed: Callable[[], None] = lambda: None
        self.peer: Endpoint
        self.lane = Lane(loop, self, way, tcp)

    def send(self, item: object) -> None:
        """Hand something to the kernel, to be delivered when the network allows."""
        if self.is_open:
            self.lane.push(item)

    def close(self) -> None:
        """Close the socket: what was sent goes out, then the end of it; unread data resets it."""
        if self.process.has_unread:
            self.reset()
        elif self.is_open:
            self.is_open = False
            self.lane.push(_FIN)

    def reset(self) -> None:
        """Drop the connection: one packet says so, which may be lost."""
        self.vanish()
        self.way.carry(self.peer.lose)

    def vanish(self) -> None:
        """Forget the connection with the kernel that knew it; the other end is not told."""
        self.is_open = False
        self.is_gone = True
        self.lane.stop()

    def deliver(self, item: object) -> None:
        """Take from the network what is next in order."""
        if item is _FIN:
            self.process.run(self._end)
        elif self.process.state is RUNNING:
            self._hear(item)
        else:
            self.process.run(partial(self._hear, item))

    def lose(self) -> None:
        """End it: the other end knows nothing of it, or did not answer for too long."""
        was_open = self.is_open
        self.vanish()
        if was_open:
            self.process.run(self.on_closed)

    def _hear(self, item: object) -> None:
        if self.is_open:
            self.on_data(item)

    def _end(self) -> None:
        if self.is_open:
            self.close()
            self.on_closed()


class Lane:
    """One direction of a connection: the sender's kernel, and what the receiver's kernel holds.

    Both live in a :class:`Sender`; the lane gives it the time, the network and the receiver. Where
    nothing but an acknowledgement is under way, the lane takes it in when it is next asked, at its
    own time: nothing else depends on it, and it is most of what would have to be waited for.
    """

    __slots__ = (
        "_alarm",
        "_items",
        "_loop",
        "_next",
        "_rto_max_s",
        "_sender",
        "_settles_at",
        "_way",
        "owner",
    )

    def __init__(self, loop: Loop, owner: Endpoint, way: Way, tcp: Tcp) -> None:
        self._loop = loop
        self._way = way
        self.owner = owner
        self._items: dict[int, object] = {}
        self._next = 0
        self._rto_max_s = tcp.rto_max_s
        self._settles_at = math.inf  # when what nobody waits for is there
        self._alarm = Alarm(loop, self._advance)
        self._sender: Sender | None = LoneSender(
            self._up,
            self._down,
            RoundTrip(ROUND_TRIP_UNKNOWN_S),
            rto_max_s=tcp.rto_max_s,
            linear_retries=0 if tcp.is_stock else THIN_RETRIES,
        )
        self._sender.window = WINDOW
        self._sender.refuses = self._refuses

    @property
    def last(self) -> int:
        """The number of what was pushed last; -1 before the first."""
        return self._next - 1

    def is_acknowledged(self, number: int) -> bool:
        """Tell whether the other kernel has everything up to ``number``."""
        self._settle()
        return self._sender is None or self._sender.is_acknowledged(number)

    @property
    def round_trip_s(self) -> float | None:
        """The least round trip (s) so far; None when the connection is over."""
        self._settle()
        return None if self._sender is None else self._sender.round_trip.least_s

    def measured(self, round_trip_s: float) -> None:
        """Take the first round trip (s), before anything is sent."""
        if self._sender is not None:
            self._sender.round_trip = RoundTrip(round_trip_s)

    def push(self, item: object) -> None:
        """Take something to be sent."""
        sender = self._sender
        if sender is not None:
            self._settle()
            self._settles_at = math.inf
            self._items[self._next] = item
            sender.write(self._next, self._loop.now)
            self._next += 1
            self._alarm.set(sender.next_at)

    def stop(self) -> None:
        """Send nothing any more."""
        self._sender = None
        self._alarm.clear()

    def _up(self, now: float) -> float | None:
        took_s = self._way.take()
        if took_s is not None:
            return now + took_s
        if self._way.is_unreachable:
            self._loop.after(UNREACHABLE_AFTER_S, self._hear_unreachable)
        return None

    def _down(self, now: float) -> float | None:
        took_s = self.owner.peer.way.take()
        return None if took_s is None else now + took_s

    def _hear_unreachable(self) -> None:
        if self._sender is not None:
            self._settle()
            self._sender.hear_unreachable(self._loop.now)
            self._advance()

    def _advance(self) -> None:
        sender, now = self._sender, self._loop.now
        if sender is None:
            return
        sender.advance(now)
        arrivals = sender.arrivals
        if arrivals:
            sender.arrivals = []
            receiver = self.owner.peer
            for arrival in arrivals:
                receiver.deliver(self._items.pop(arrival.number))
        silent_s = now - sender.timed_out_at
        is_orphan = not self.owner.is_open
        if silent_s > 0 and silent_s >= gives_up_after_s(self._rto_max_s, is_orphan=is_orphan):
            self.owner.lose()
        elif self._sender is not None:
            self._wait(sender)

    def _wait(self, sender: Sender) -> None:
        """Have the alarm ring for what is next, unless that can wait until somebody asks."""
        self._settles_at = sender.settles_at
        if self._settles_at < math.inf:
            self._alarm.clear()
        else:
            self._alarm.set(sender.next_at)

    def _settle(self) -> None:
        """Take in the acknowledgement that was not waited for, if it is there by now."""
        if self._settles_at <= self._loop.now and self._sender is not None:
            self._settles_at = math.inf
            self._sender.advance(self._loop.now)

    def _refuses(self, numbers: list[int]) -> bool:
        """Answer with a reset what the receiver's kernel, or its closed socket, does not want."""
        receiver = self.owner.peer
        if receiver.is_open:
            return False
        is_unwanted = any(self._items[number] is not _FIN for number in numbers)
        if receiver.is_gone or is_unwanted:
            receiver.reset()
            return True
        return False
