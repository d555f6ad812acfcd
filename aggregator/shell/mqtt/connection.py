"""One MQTT 5 connection, from CONNECT to its end, as an asyncio Protocol.

Reads are coalesced: after each read the socket rests for a moment, so that a busy fleet causes a
few large reads and not thousands of small ones. After a large read it is read on without a rest:
at a broker whose reader pauses, a queue at QoS 0 has no bound. The listener gets all messages of
one read at once. They are acknowledged in one write, after the listener has returned. (``bulk.py``
has the connection that discards what there is no time for.)
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Protocol

import mqtt5

from aggregator.core.budget import Discarding
from aggregator.core.centre import COALESCE_S
from aggregator.shell.mqtt.refusals import FAILURE, TOO_LARGE, Refusals
from venuewatch.base import clock
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.framing import (
    LIVE_PACKET_BYTES,
    Discarded,
    Framer,
    Refused,
    StreamError,
)

BUSY_S = 0.1
"""For how long (s) after a large read the socket never rests."""

_LARGE_READ_BYTES = 65_536  # of 10 ms: beats of 28,000 hosts, vitals of 40,000
_DUPLICATE = 0x08  # in a PUBLISH's first byte: sent before (MQTT 5, 3.3.1.1)
_SUBSCRIBE_ID = 1
_FIRST_PUBLISH_ID = 2
_LAST_ID = 65_535


class BrokerError(Exception):
    """The broker refused the connection or closed it; the text is for the operator."""


class Listener(Protocol):
    """The owner of a connection; its methods are called on the event loop."""

    @property
    def is_behind(self) -> bool:
        """Whether what it was given before still waits in it."""

    def receive(self, publishes: Sequence[mqtt5.PublishPacket]) -> None:
        """Process these messages; they are acknowledged when this returns."""

    def refuse(self, reason: Reason) -> None:
        """Count a message that can not be decoded as a packet."""

    def discarded(self, over: Mapping[str, Discarding]) -> None:
        """Count what was discarded as too much of the same topic waited, by topic."""

    def opened(self) -> None:
        """React to the start: from now on every published message is received."""

    def not_opened(self, why: str) -> None:
        """React to a refusal: the broker has not let us in, for this reason, in words."""

    def lost(self, *, is_taken_over: bool) -> None:
        """React to the end; ``is_taken_over``: another program has connected as this client."""


class Connection(asyncio.Protocol):
    """Speaks MQTT 5 over one transport.

    Attributes:
        opened: done when subscribed; fails with BrokerError if that is refused.
        ended: done when the connection is over; the result is the reason, in words.
        is_subscribed: messages are received now.
        was_taken_over: another program has connected under this client id.
        refusals: what the broker does not take of what is published; its owner may replace it.
    """

    def __init__(
        self,
        connect: mqtt5.ConnectPacket,
        filters: list[mqtt5.TopicFilter],
        listener: Listener,
        unacknowledged: dict[int, bytes],
        framer: Framer | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._connect = connect
        self._filters = filters
        self._listener = listener
        self._unacknowledged = unacknowledged
        self._framer = framer or Framer(max_packet_bytes=LIVE_PACKET_BYTES)
        self._read: list[mqtt5.PublishPacket] = []
        self._transport: asyncio.Transport
        self._ids = chain.from_iterable(repeat(range(_FIRST_PUBLISH_ID, _LAST_ID + 1)))
        self._receive_max = 0
        self._packet_bytes_max: float = math.inf
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._has_heard = True
        self._is_writable = True
        self._busy_until = 0.0
        self._why = "the broker closed the connection"
        self._drained: asyncio.Future[None] | None = None
        self.keepalive_s = float(connect.keep_alive)
        self.is_subscribed = False
        self.was_taken_over = False
        self.refusals = Refusals()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the session."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's promise for TCP
        self._transport = transport
        transport.write(self._connect.write())

    def data_received(self, data: bytes) -> None:
        """Handle every packet that ``data`` completes, then let the socket rest."""
        self._has_heard = True
        acks: list[int] = []
        keep = self._keep
        try:
            for item in self._framer.feed(data):
                if isinstance(item, mqtt5.PublishPacket):
                    keep(item)
                elif isinstance(item, Refused | Discarded):
                    self._skip(item)
                    if item.packet_id is not None:
                        acks.append(item.packet_id)
                else:
                    self._control(item)
        except (StreamError, BrokerError) as error:
            self._give_up(str(error))
        self._process(acks)
        self._acknowledge(acks)
        self._rest(len(data))

    def _keep(self, publish: mqtt5.PublishPacket) -> None:
        """Keep a message for when the whole read is decoded."""
        self._read.append(publish)

    def _skip(self, item: Refused | Discarded) -> None:
        """Count what is not shown to the listener."""
        if isinstance(item, Refused):
            self._listener.refuse(item.reason)

    def _process(self, acks: list[int]) -> None:
        """Have the listener process what was kept; add to ``acks`` what can be acknowledged."""
        if self._read:
            publishes, self._read = self._read, []
            self._listener.receive(publishes)
            acks += [item.packet_id for item in publishes if item.packet_id is not None]

    def _acknowledge(self, acks: Sequence[int]) -> None:
        if acks:
            self._write(b"".join(mqtt5.PubAckPacket(packet_id).write() for packet_id in acks))

    def _rest(self, size: int) -> None:
        """Let the socket rest after a read of ``size`` bytes, unless much has come lately."""
        now = clock.monotonic()
        if size >= _LARGE_READ_BYTES:
            self._busy_until = now + BUSY_S
        if now >= self._busy_until and not self._transport.is_closing():
            self._transport.pause_reading()
            self._timers["rest"] = self._loop.call_later(COALESCE_S, self._resume)

    def pause_writing(self) -> None:
        """Stop publishing: the broker does not read."""
        self._is_writable = False

    def resume_writing(self) -> None:
        """Publish again: the broker reads again."""
        self._is_writable = True

    def connection_lost(self, exc: Exception | None) -> None:
        """End all timers and futures of this connection."""
        for timer in self._timers.values():
            timer.cancel()
        if exc is not None:
            self._why = str(exc) or type(exc).__name__
        if not self.opened.done():
            self.opened.set_exception(BrokerError(self._why))
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        was_subscribed, self.is_subscribed = self.is_subscribed, False
        self.ended.set_result(self._why)
        if was_subscribed:
            self._listener.lost(is_taken_over=self.was_taken_over)

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, is_retained: bool = False
    ) -> bool:
        """Send one message; return False if the broker does not keep up, and it is not sent.

        One that is larger than the broker takes would end the connection. It is dropped, counted
        and logged: to try it again is no use.
        """
        if not self._is_writable or self._transport.is_closing():
            return False
        if qos and len(self._unacknowledged) >= self._receive_max:
            return False
        free_ids = (each for each in self._ids if each not in self._unacknowledged)
        packet_id = next(free_ids) if qos else None
        packet = mqtt5.PublishPacket(
            topic, payload, qos=mqtt5.QoS(qos), retain=is_retained, packet_id=packet_id
        ).write()
        if not self._is_taken(packet):
            return True
        if packet_id is not None:
            self._unacknowledged[packet_id] = packet
        self._write(packet)
        return True

    async def drained(self) -> None:
        """Wait until the broker has acknowledged all messages, or the connection is over."""
        if self._unacknowledged and not self.ended.done():
            self._drained = self._loop.create_future()
            await self._drained

    def disconnect(self) -> None:
        """Disconnect cleanly, so that the broker does not publish the will."""
        self._write(mqtt5.DisconnectPacket().write())
        self._why = "we disconnected"
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection; the broker then publishes the will."""
        self._transport.abort()

    def _control(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket():
                self._accepted(packet)
            case mqtt5.SubAckPacket():
                self._subscribed(packet)
            case mqtt5.PubAckPacket():
                self._acknowledged(packet)
            case mqtt5.PingRespPacket():
                pass
            case mqtt5.DisconnectPacket():
                taken = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
                self.was_taken_over = packet.reason_code == taken
                raise BrokerError(f"the broker disconnected us: {_words(packet)}")
            case _:
                raise BrokerError(f"the broker sent an unexpected {type(packet).__name__}")

    def _accepted(self, packet: mqtt5.ConnAckPacket) -> None:
        if int(packet.reason_code) >= FAILURE:
            raise BrokerError(f"the broker refused the connection: {_words(packet)}")
        if packet.server_keep_alive is not None:
            self.keepalive_s = float(packet.server_keep_alive)
        self._receive_max = min(packet.receive_max, _LAST_ID - _FIRST_PUBLISH_ID + 1)
        self._packet_bytes_max = packet.max_packet_size or math.inf
        for packet_id in list(self._unacknowledged)[self._receive_max :]:
            del self._unacknowledged[packet_id]  # its publisher sends it again
        if packet.session_present:
            self._send_again()
        else:
            self._unacknowledged.clear()
        self._write(mqtt5.SubscribePacket(_SUBSCRIBE_ID, self._filters).write())
        self._watch()

    def _send_again(self) -> None:
        for packet_id, pending in list(self._unacknowledged.items()):
            if self._is_taken(pending):
                self._write(bytes([pending[0] | _DUPLICATE]) + pending[1:])
            else:
                del self._unacknowledged[packet_id]

    def _is_taken(self, packet: bytes) -> bool:
        """Tell whether a PUBLISH is as small as the broker wants; note one that is not."""
        if len(packet) <= self._packet_bytes_max:
            return True
        why = f"the broker takes packets of {self._packet_bytes_max:,} bytes at most"
        self.refusals.add(packet, TOO_LARGE, why)
        return False

    def _acknowledged(self, packet: mqtt5.PubAckPacket) -> None:
        pending = self._unacknowledged.pop(packet.packet_id, None)
        if pending is not None and int(packet.reason_code) >= FAILURE:
            reason = packet.reason_code.name
            self.refusals.add(pending, reason.lower(), reason.replace("_", " ").capitalize())
        if not self._unacknowledged and self._drained is not None:
            self._drained.set_result(None)
            self._drained = None

    def _subscribed(self, packet: mqtt5.SubAckPacket) -> None:
        refused = [code for code in packet.reason_codes if int(code) >= FAILURE]
        if refused:
            raise BrokerError(f"the broker refused the subscription: {refused[0].name}")
        self.is_subscribed = True
        self._listener.opened()
        if not self.opened.done():
            self.opened.set_result(None)

    def _watch(self) -> None:
        """Ping the broker every keepalive; give up if it sent nothing since the last ping."""
        if not self._has_heard:
            self._give_up(f"the broker was silent for {self.keepalive_s:g} s")
            return
        self._has_heard = False
        self._write(mqtt5.PingReqPacket().write())
        if self.keepalive_s:
            self._timers["watch"] = self._loop.call_later(self.keepalive_s, self._watch)

    def _resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _give_up(self, why: str) -> None:
        self._why = why
        self._transport.abort()


def _words(packet: mqtt5.ConnAckPacket | mqtt5.DisconnectPacket) -> str:
    said = f" ({packet.reason_str})" if packet.reason_str else ""
    return packet.reason_code.name + said
