"""TCP as far as a heartbeat feels it: in order, sent again until acknowledged, in both directions.

What is not acknowledged within the retransmission timeout is sent again at growing intervals,
and everything behind it waits; so a cut of either direction soon stops the data of both, and
what waited comes in one burst. A closed end says so with a packet, which needs the network too.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.network import Way
from venuewatch.rehearsal.world.process import SimProcess

WINDOW_FIRST = 10  # segments (RFC 6928)
WINDOW_MOST = 64
REORDERING = 0.25  # of a round trip (RFC 8985, 6.2)
RTO_FIRST_S = 1.0  # before the first measurement (RFC 6298, 2.1)
RTO_LEAST_S = 0.2  # Linux' TCP_RTO_MIN; the round trip comes on top (tcp_input.c, tcp_set_rto)
RTO_STOCK_MAX_S = 120.0  # Linux' TCP_RTO_MAX
RTO_AGENT_MAX_S = 1.0  # what the agent asks its kernel for

ORPHAN_RETRIES = 8  # Linux, tcp_orphan_retries: for a socket that its process has closed

_FIN = object()


class Endpoint:
    """One end of a connection.

    ``on_data`` gets what the other end sent, ``on_closed`` is told once that the connection is
    over; both only while the process lives, and once it runs.
    """

    __slots__ = ("_way", "is_gone", "is_open", "lane", "on_closed", "on_data", "peer", "process")

    def __init__(self, loop: Loop, process: SimProcess, way: Way, *, rto_max_s: float) -> None:
        self.process = process
        self._way = way
        self.is_open = True
        self.is_gone = False  # whether its kernel knows nothing of it any more
        self.on_data: Callable[[Any], None] = _ignore
        self.on_closed: Callable[[], None] = _nothing
        self.peer: Endpoint
        self.lane = Lane(loop, self, way, rto_max_s=rto_max_s)

    def send(self, item: object) -> None:
        """Hand something to the kernel, to be delivered when the network allows."""
        if self.is_open:
            self.lane.push(item)

    def close(self) -> None:
        """Close the socket: what was sent goes out, then the end of it."""
        if self.is_open:
            self.is_open = False
            self.lane.push(_FIN)

    def reset(self) -> None:
        """Drop the connection: one packet says so, which may be lost."""
        self.vanish()
        self._way.carry(self.peer.hear_reset)

    def vanish(self) -> None:
        """Forget the connection with the kernel that knew it; the other end is not told."""
        self.is_open = False
        self.is_gone = True
        self.lane.stop()

    def acknowledge(self, up_to: int, sent_at: float) -> None:
        """Send the other kernel word of what is here (its ``Lane.acknowledge``)."""
        lane = self.peer.lane
        self._way.carry(lambda: lane.acknowledge(up_to, sent_at))

    def deliver(self, item: object) -> None:
        """Take from the network what is next in order."""
        if item is _FIN:
            self.process.run(self._end)
        else:
            self.process.run(lambda: self._hear(item))

    def hear_reset(self) -> None:
        """Take a packet that says that the other end knows nothing of this connection."""
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

    Segments are numbered; ``_first`` is the oldest that is not acknowledged, ``_next`` the next to
    be transmitted. The oldest is sent again at once when word comes that a later one arrived
    (RFC 8985); after a timeout nothing else is sent until it is acknowledged (RFC 5681).
    """

    __slots__ = (
        "_early",
        "_expected",
        "_first",
        "_is_stopped",
        "_loop",
        "_next",
        "_segments",
        "_sent_at",
        "_timer",
        "_tries",
        "_way",
        "_window",
        "owner",
        "timeout",
    )

    def __init__(self, loop: Loop, owner: Endpoint, way: Way, *, rto_max_s: float) -> None:
        self._loop = loop
        self._way = way
        self.owner = owner
        self._segments: deque[object] = deque()
        self._sent_at: deque[float] = deque()
        self._first = 0
        self._next = 0
        self._window = WINDOW_FIRST
        self.timeout = Timeout(most_s=rto_max_s)
        self._tries = 0
        self._timer = Alarm(loop, self._time_out)
        self._is_stopped = False
        self._expected = 0
        self._early: dict[int, object] = {}

    @property
    def is_all_acknowledged(self) -> bool:
        """Whether the other kernel has everything."""
        return not self._segments

    def push(self, item: object) -> None:
        """Take something to be sent."""
        if not self._is_stopped:
            self._segments.append(item)
            self._sent_at.append(0.0)
            self._pump()

    def stop(self) -> None:
        """Send nothing any more."""
        self._is_stopped = True
        self._segments.clear()
        self._sent_at.clear()
        self._timer.clear()

    def _pump(self) -> None:
        end = self._first + min(self._window, len(self._segments))
        while self._next < end:
            self._transmit(self._next)
            self._next += 1
        if self._timer.at is None and self._next > self._first:
            self._timer.set(self._loop.now + self.timeout.wait_s)

    def _transmit(self, number: int) -> None:
        item, sent_at = self._segments[number - self._first], self._loop.now
        self._sent_at[number - self._first] = sent_at
        self._way.carry(lambda: self._arrive(number, item, sent_at))

    def _time_out(self) -> None:
        self._tries += 1
        if self._tries > ORPHAN_RETRIES and not self.owner.is_open:
            self.stop()
            return
        self._window = 1
        self.timeout.back_off()
        self._next = self._first + 1
        self._transmit(self._first)
        self._timer.set(self._loop.now + self.timeout.wait_s)

    def _arrive(self, number: int, item: object, sent_at: float) -> None:
        """Happens in the receiver's kernel."""
        receiver = self.owner.peer
        is_unwanted = not receiver.is_open and item is not _FIN and number >= self._expected
        if receiver.is_gone or is_unwanted:
            receiver.reset()
            return
        if number >= self._expected:
            self._early[number] = item
        while self._expected in self._early:
            self._expected += 1
            receiver.deliver(self._early.pop(self._expected - 1))
        receiver.acknowledge(self._expected, sent_at)

    def acknowledge(self, up_to: int, sent_at: float) -> None:
        """Happens in the sender's kernel: ``up_to`` is what the receiver expects next."""
        if self._is_stopped:
            return
        self.timeout.measured(self._loop.now - sent_at)
        if up_to > self._first:
            self._window = min(self._window + up_to - self._first, WINDOW_MOST)
            while self._first < up_to:
                self._segments.popleft()
                self._sent_at.popleft()
                self._first += 1
            self._next = max(self._next, self._first)
            self._tries = 0
            self._timer.clear()
            self._pump()
        elif self._segments and sent_at > self._sent_at[0]:
            self._overtaken()

    def _overtaken(self) -> None:
        """A segment sent after the oldest has arrived: give that one a little longer."""
        first, sent_at = self._first, self._sent_at[0]

        def send_again() -> None:
            if self._segments and self._first == first and self._sent_at[0] == sent_at:
                self._transmit(first)

        self._loop.at(sent_at + (1 + REORDERING) * self.timeout.smoothed_s, send_again)


class Timeout:
    """Follows the round trip, and doubles with each retransmission.

    Attributes:
        wait_s: the timeout as it stands.
        smoothed_s: the smoothed round trip; 0 before the first.
    """

    __slots__ = ("_most_s", "_variation_s", "smoothed_s", "wait_s")

    def __init__(self, *, most_s: float) -> None:
        self._most_s = most_s
        self._variation_s = 0.0
        self.smoothed_s = 0.0
        self.wait_s = min(RTO_FIRST_S, most_s)

    def measured(self, round_trip_s: float) -> None:
        """Take in a round trip."""
        if not self.smoothed_s:
            self.smoothed_s = round_trip_s
            self._variation_s = round_trip_s / 2
        else:
            error_s = abs(self.smoothed_s - round_trip_s)
            self._variation_s += (error_s - self._variation_s) / 4
            self.smoothed_s += (round_trip_s - self.smoothed_s) / 8
        wait_s = self.smoothed_s + max(RTO_LEAST_S, 4 * self._variation_s)
        self.wait_s = min(wait_s, self._most_s)

    def back_off(self) -> None:
        """Wait for twice as long, after a timeout."""
        self.wait_s = min(2 * self.wait_s, self._most_s)


def _ignore(_item: object) -> None:
    """Hear nothing."""


def _nothing() -> None:
    """Do nothing."""
