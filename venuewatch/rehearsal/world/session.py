"""Holds one session of an agent with the broker, as ``agent.mqtt.session`` does."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import ClientSocket, Route
from venuewatch.rehearsal.world.connection import AGENT_TCP
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.process import SimProcess

OPEN_WITHIN_S = 5.0  # agent.mqtt.connecting.CONNECT_TIMEOUT_S


class Delivery(NamedTuple):
    """Knows whether the broker has a message, by those that its session waits for."""

    number: int | None
    unacknowledged: Collection[int | None]

    def is_published(self) -> bool:
        """Return whether it was acknowledged; at QoS 0 there is nothing to wait for."""
        return self.number not in self.unacknowledged

    @property
    def refused(self) -> str:
        """The reason of a refusal: this broker refuses nothing."""
        return ""


class AgentSession:
    """One attempt of an agent to be heard, and what comes of it.

    ``on_message`` gets topic and payload, and tells whether it changed anything; ``on_change`` is
    called whenever something did, or came that is no message, and when it ended.

    Attributes:
        is_open: whether the broker has accepted the agent.
        has_ended: whether it is over, and ``was_taken_over`` if another client took its name.
    """

    def __init__(
        self,
        loop: Loop,
        process: SimProcess,
        connect: packets.Connect,
        patterns: tuple[str, ...],
        *,
        on_message: Callable[[str, bytes], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._process = process
        self._connect = connect
        self._patterns = patterns
        self._on_message = on_message
        self._on_change = on_change
        self._socket: ClientSocket
        self._open_by = loop.now + OPEN_WITHIN_S
        self._unacknowledged: set[int | None] = set()
        self._beat_end = -1
        self._sent_at = self._heard_at = loop.now
        self._pinged_at: float | None = None
        self.is_open = False
        self.has_ended = False
        self.was_taken_over = False

    @property
    def is_thin(self) -> bool:
        """Whether a beat that is lost is soon sent again; so it is with ``AGENT_TCP``."""
        return True

    def wrote(self) -> None:
        """Note that a beat, or what goes with it, was written: the stream ends there now."""
        if self._socket.endpoint is not None:
            self._beat_end = self._socket.endpoint.lane.last

    @property
    def is_beat_acknowledged(self) -> bool:
        """Whether the broker's kernel has the last beat, so that the next may be written."""
        end = self._socket.endpoint
        return end is None or end.lane.is_acknowledged(self._beat_end)

    @property
    def round_trip_s(self) -> float | None:
        """The least round trip (s) of its connection; None without one."""
        end = self._socket.endpoint
        return None if end is None else end.lane.round_trip_s

    def begin(self, route: Route) -> None:
        """Connect."""
        self._socket = ClientSocket(self._loop, self._process, route, tcp=AGENT_TCP)
        self._socket.begin(self._connect, on_data=self._hear, on_closed=self._end)

    def publish(
        self, topic: str, payload: bytes, *, is_certain: bool = False, is_retained: bool = False
    ) -> Delivery:
        """Hand a message to the network (``is_certain`` at QoS 1)."""
        self._sent_at = self._loop.now
        number = self._socket.publish(
            topic, payload, is_certain=is_certain, is_retained=is_retained
        )
        if number is not None:
            self._unacknowledged.add(number)
        return Delivery(number, self._unacknowledged)

    def look(self) -> None:
        """Give up what does not open in time, and ping or give up what is silent."""
        now = self._loop.now
        if not self.is_open:
            if now > self._open_by:
                self._end()
            return
        limit_s = self._connect.keepalive_s
        if now - self._sent_at < limit_s and now - self._heard_at < limit_s:
            return
        if self._pinged_at is not None and now - self._heard_at >= limit_s:
            self._end()
            return
        if self._pinged_at is None or now - self._pinged_at >= limit_s:
            self._pinged_at = now
            self._send(packets.Ping())
        self._sent_at = self._heard_at = now

    def has_lately_sent(self) -> bool:
        """Tell whether it has sent so much that no ping is due before something else is."""
        return self._loop.now - self._sent_at < self._connect.keepalive_s

    def leave(self) -> None:
        """Part cleanly: the broker keeps the will to itself."""
        self._send(packets.Disconnect())
        self._end()

    def vanish(self) -> None:
        """Forget it with the kernel that knew it."""
        self._socket.vanish()

    def hang_up(self) -> None:
        """Have the kernel close it, as it does for a process that ends."""
        self._socket.close()

    def _hear(self, packet: object) -> None:
        self._heard_at = self._loop.now
        match packet:
            case packets.Publish():
                if packet.number is not None:
                    self._send(packets.Puback(packet.number))
                if not self._on_message(packet.topic, packet.payload):
                    return
            case packets.Puback():
                self._unacknowledged.discard(packet.number)
            case packets.Pong():
                self._pinged_at = None
            case packets.Connack():
                self._send(packets.Subscribe(self._patterns))
                self.is_open = True
            case packets.Disconnect():
                self.was_taken_over = True
                self._end()
        self._on_change()

    def _send(self, packet: object) -> None:
        self._sent_at = self._loop.now
        self._socket.send(packet)

    def _end(self) -> None:
        if self.has_ended:
            return
        self.has_ended = True
        self.is_open = False
        self.hang_up()
        self._on_change()
