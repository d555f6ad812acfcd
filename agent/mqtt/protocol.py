"""Speaks MQTT 5 as a client does, without I/O: bytes that came in, bytes that are to go out.

The life of a session:

1. It begins with the CONNECT, and is open from the broker's CONNACK on; it subscribes then.
2. Messages go out as they are handed in. At QoS 1 no more are on their way than the broker takes;
   others wait for their turn, up to ``WAITING_MAX``.
3. Where nothing was sent, or nothing received, for a keepalive, it pings. It ends where nothing
   is received for a keepalive after that.
4. It ends with a :class:`ProtocolError`, or with ``disconnect``. Nothing here tries again.

A message or a subscription that is refused does not end it: see :class:`Refusal`. A message that
is larger than the broker takes is refused here: it would end the session. So is one that
finds too many waiting. The agent offers no topic aliases and asks for QoS 1 at most; a broker that
sends such all the same ends the session.

Times are monotonic seconds.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import mqtt5

from venuewatch.base.wire.framing import Discarded, Framer, Item, Refused, StreamError

WAITING_MAX: Final = 1_000
"""How many messages may wait for their turn. One that is too many is refused."""

TOO_LARGE: Final = "packet_too_large"
"""The reason of a refusal that comes again at every try, unlike all others."""

TOO_MANY: Final = "receive_maximum_exceeded"
"""The reason where ``WAITING_MAX`` messages wait already."""

PORTAL: Final = (
    "a web server answered: is this the broker's port, and does the network want a sign-in first?"
)

HTTP: Final = b"HTTP/"
"""The first bytes of a web server's answer, as no broker begins."""

_FAILURE: Final = 0x80  # reason codes from here on are failures (MQTT 5, 2.4)
_SUBSCRIBE_ID: Final = 1
_FIRST_ID, _LAST_ID = 2, 65_535


class ProtocolError(Exception):
    """The session is over; the text is for the operator.

    Attributes:
        was_taken_over: whether another client has taken it.
        was_too_large: whether a packet was larger than the broker takes.
    """

    def __init__(
        self, why: str, *, was_taken_over: bool = False, was_too_large: bool = False
    ) -> None:
        super().__init__(why)
        self.was_taken_over = was_taken_over
        self.was_too_large = was_too_large


class Receipt:
    """Knows whether the broker has a message. One that it refused, or never got, it has not.

    Attributes:
        refused: the reason, by MQTT 5's name, such as ``not_authorized``; empty if it was not.
    """

    __slots__ = ("_is_published", "refused", "topic")

    def __init__(self, topic: str, *, is_published: bool = False) -> None:
        self.topic = topic
        self.refused = ""
        self._is_published = is_published

    def is_published(self) -> bool:
        """Return whether the broker has acknowledged it, or at QoS 0, whether it was sent."""
        return self._is_published

    def acknowledge(self) -> None:
        """Note that the broker has it."""
        self._is_published = True


class Heard(NamedTuple):
    """A message that was received."""

    topic: str
    payload: bytes


class Refusal(NamedTuple):
    """Something that was refused, for the log: by the broker, or by us.

    ``event`` names it there. ``topic`` is a message's, or a subscription's; empty where unknown.
    """

    event: str
    topic: str
    why: str


class Limits(NamedTuple):
    """The limits of a broker, as far as they are known: it may say less itself.

    ``refused`` counts the messages that it does not take, by reason.
    """

    packet_bytes_max: float
    refused: Counter[str]


class Client:
    """One session. It pings after the keepalive of ``connect``, or sooner if the broker asks.

    Attributes:
        is_open: whether the broker has accepted it.
        packet_bytes_max: the largest packet that the broker takes, as far as is known.
        largest_bytes: the size of the largest message that was sent.
        refusals: what was refused, each kind once in a session; its owner takes them out.
    """

    def __init__(
        self,
        connect: mqtt5.ConnectPacket,
        subscriptions: Sequence[mqtt5.TopicFilter],
        now: float,
        limits: Limits | None = None,
    ) -> None:
        self._subscriptions = list(subscriptions)
        self._framer = Framer()
        self._out = [connect.write()]
        self._ids = iter(range(_FIRST_ID, _LAST_ID + 1))
        self._under_way: dict[int, Receipt] = {}
        self._waiting: deque[tuple[int, bytes, Receipt]] = deque()
        self._receive_max = 0
        self.packet_bytes_max, self._refused_for = limits or Limits(math.inf, Counter())
        self.largest_bytes = 0
        self._keepalive_s: float = connect.keep_alive or math.inf
        self._sent_at = self._heard_at = now
        self._pinged_at: float | None = None
        self._refused: set[Refusal] = set()
        self.is_open = False
        self.refusals: deque[Refusal] = deque()

    @property
    def due_at(self) -> float:
        """When to call ``advance`` next, if nothing happens before."""
        if self._pinged_at is not None:
            return self._pinged_at + self._keepalive_s
        return min(self._sent_at, self._heard_at) + self._keepalive_s

    def take(self) -> bytes:
        """Return what is to be sent now."""
        out, self._out = b"".join(self._out), []
        return out

    def receive(self, data: bytes, now: float) -> Iterator[Heard]:
        """Yield the messages that ``data`` completes; each is acknowledged once it is processed.

        Raises:
            ProtocolError: the session is over.
        """
        if not data:
            return
        if not self.is_open and data.startswith(HTTP):
            raise ProtocolError(PORTAL)
        self._heard_at, self._pinged_at = now, None
        try:
            for item in self._framer.feed(data):
                if not self.is_open:
                    self._begin(item)
                elif isinstance(item, mqtt5.PublishPacket):
                    _check_allowed(item)
                    yield Heard(item.topic, item.payload)
                    self._acknowledge(item.packet_id)
                elif isinstance(item, Refused):
                    self._refuse("message_refused", "", item.reason.value)
                    self._acknowledge(item.packet_id)
                elif not isinstance(item, Discarded):  # there is always room
                    self._control(item)
        except StreamError as error:
            raise ProtocolError(f"the broker sent what is no MQTT: {error}") from None

    def publish(
        self,
        topic: str,
        payload: bytes,
        now: float,
        *,
        qos: int,
        is_retained: bool = False,
        expiry_s: int | None = None,
    ) -> Receipt:
        """Send a message, or let it wait for its turn.

        ``expiry_s``: how long (s) the broker keeps it for those who are away; None for ever.
        """
        number = self._next_id() if qos else None
        packet = mqtt5.PublishPacket(
            topic,
            payload,
            qos=mqtt5.QoS(qos),
            retain=is_retained,
            packet_id=number,
            message_expiry_interval=expiry_s,
        ).write()
        if len(packet) > self.packet_bytes_max:  # the broker would end the session
            receipt = Receipt(topic)
            self._refuse_too_large(receipt)
            return receipt
        receipt = Receipt(topic, is_published=number is None)
        if number is None:
            self._send(packet, now)
        elif len(self._under_way) < self._receive_max:
            self._under_way[number] = receipt
            self._send(packet, now)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append((number, packet, receipt))
        else:
            why = f"{WAITING_MAX:,} messages wait for the broker already"
            self._refuse_publication(receipt, TOO_MANY, why)
        return receipt

    def advance(self, now: float) -> None:
        """Ping a connection that is silent.

        Raises:
            ProtocolError: it stayed silent.
        """
        if now < self.due_at:
            return
        if self._pinged_at is not None:
            raise ProtocolError(f"the broker was silent for {2 * self._keepalive_s:g} s")
        self._pinged_at = now
        self._send(mqtt5.PingReqPacket().write(), now)

    def disconnect(self) -> None:
        """Part cleanly: the broker then keeps the will to itself."""
        self._out.append(mqtt5.DisconnectPacket().write())

    def _send(self, packet: bytes, now: float) -> None:
        self._out.append(packet)
        self._sent_at = now
        self.largest_bytes = max(self.largest_bytes, len(packet))

    def _acknowledge(self, number: int | None) -> None:
        if number is not None:
            self._out.append(mqtt5.PubAckPacket(number).write())

    def _refuse(self, event: str, topic: str, why: str) -> None:
        refusal = Refusal(event, topic, why)
        if refusal not in self._refused:
            self._refused.add(refusal)
            self.refusals.append(refusal)

    def _refuse_too_large(self, receipt: Receipt) -> None:
        why = f"the broker takes packets of {self.packet_bytes_max:,} bytes at most"
        self._refuse_publication(receipt, TOO_LARGE, why)

    def _refuse_publication(self, receipt: Receipt, reason: str, why: str) -> None:
        receipt.refused = reason
        self._refused_for[reason] += 1
        self._refuse("publication_refused", receipt.topic, why)

    def _next_id(self) -> int:
        """Return a packet id that no message has; there are more of them than messages."""
        waiting = {number for number, _, _ in self._waiting}
        while True:
            for number in self._ids:
                if number not in self._under_way and number not in waiting:
                    return number
            self._ids = iter(range(_FIRST_ID, _LAST_ID + 1))

    def _begin(self, packet: Item) -> None:
        """Take the broker's answer to the CONNECT; nothing else may come before (MQTT 5, 3.2)."""
        if not isinstance(packet, mqtt5.ConnAckPacket):
            self._end(packet)
        elif int(packet.reason_code) >= _FAILURE:
            why = f"the broker refused the session: {_words(packet.reason_code.name)}"
            raise ProtocolError(why)
        else:
            # A silence is noticed as soon as the operator wants, also where the broker wants later.
            self._keepalive_s = min(self._keepalive_s, packet.server_keep_alive or math.inf)
            self._receive_max = min(packet.receive_max, _LAST_ID - _FIRST_ID - WAITING_MAX)
            said_bytes = packet.max_packet_size or math.inf
            self.packet_bytes_max = min(self.packet_bytes_max, said_bytes)
            self._out.append(mqtt5.SubscribePacket(_SUBSCRIBE_ID, self._subscriptions).write())
            self.is_open = True
            self._go_on()

    def _control(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._acknowledged(packet)
            case mqtt5.PingRespPacket():
                pass
            case mqtt5.SubAckPacket():
                for wanted, code in zip(self._subscriptions, packet.reason_codes, strict=False):
                    if int(code) >= _FAILURE:  # beats go on without it
                        self._refuse("subscription_refused", wanted.pattern, _words(code.name))
            case _:
                self._end(packet)

    def _end(self, packet: Item) -> None:
        """Raise why the session is over."""
        if isinstance(packet, mqtt5.DisconnectPacket):
            reason = packet.reason_code
            raise ProtocolError(
                f"the broker ended the session: {_words(reason.name)}",
                was_taken_over=reason == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER,
                was_too_large=reason == mqtt5.DisconnectReasonCode.PACKET_TOO_LARGE,
            )
        raise ProtocolError(f"the broker sent an unexpected {type(packet).__name__}")

    def _acknowledged(self, packet: mqtt5.PubAckPacket) -> None:
        receipt = self._under_way.pop(packet.packet_id, None)
        if receipt is not None:
            if int(packet.reason_code) < _FAILURE:
                receipt.acknowledge()
            else:
                name = packet.reason_code.name
                self._refuse_publication(receipt, name.lower(), _words(name))
        self._go_on()

    def _go_on(self) -> None:
        """Send what waits, as far as the broker takes it."""
        while self._waiting and len(self._under_way) < self._receive_max:
            number, packet, receipt = self._waiting.popleft()
            if len(packet) > self.packet_bytes_max:  # it was handed in before the broker said so
                self._refuse_too_large(receipt)
                continue
            self._under_way[number] = receipt
            self._out.append(packet)
            self.largest_bytes = max(self.largest_bytes, len(packet))


def _check_allowed(packet: mqtt5.PublishPacket) -> None:
    """Raise if a message comes in a way that was not offered."""
    if packet.topic_alias is not None:
        raise ProtocolError("the broker sent a topic alias, and none was offered")
    if packet.packet_id is not None and packet.qos != mqtt5.QoS.AT_LEAST_ONCE:
        raise ProtocolError("the broker sent a message at QoS 2, and QoS 1 was asked for")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
