"""One session with the broker, from its first packet to its end: the protocol over a connection.

The session is open from the broker's CONNACK on. Its will reports a broken connection to the
aggregator. Nothing here tries again: a session that ended is dropped, and the link decides
when to make the next one.
"""

import contextlib
import logging
import math
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import mqtt5

from agent import config
from agent.mqtt import segments
from agent.mqtt.connecting import CONNECT_TIMEOUT_S, Line
from agent.mqtt.protocol import Client, Limits, ProtocolError, Receipt
from agent.mqtt.stream import HUNG_UP
from agent.mqtt.thin_tcp import Connection
from venuewatch.base import clock, log
from venuewatch.base.config import in_words

FAREWELL_WITHIN_S: Final = 0.5
"""How long (s) the broker has to acknowledge a farewell. A process that is told to end does so
within a second, whatever the network does."""

PARTED_WITHIN_S: Final = 0.8
"""How long (s) the broker has to hang up, counted from when we begin to part."""

MUTE: Final = "the broker accepted the connection and did not answer: is it another program?"
BROKE: Final = "the link broke"
UNHEARD: Final = "nothing that was sent has arrived: is the way to the broker blocked?"

_logger = logging.getLogger("agent")


class SessionError(Exception):
    """There is no session (any more); its text is for the operator."""


class Name(NamedTuple):
    """The name to ask for a session under; ``will`` has the topic and payload of its last words."""

    client_id: str
    will: tuple[str, bytes]


class Session:
    """A line that becomes a session, or fails.

    ``on_message`` gets topic and payload of each message on ``subscriptions``.

    Attributes:
        connection: the TCP connection beneath.
        was_taken_over: whether another client has connected under this name.
        was_too_large: whether it ended for a packet that was larger than the broker takes.
        was_path_narrow: whether it ended because large packets are lost on the way: the next one
            sends small ones.
        refused: what the broker refused so far, a line each; each kind once.
    """

    def __init__(
        self,
        where: config.Broker,
        line: Line,
        *,
        name: Name,
        subscriptions: Sequence[str],
        on_message: Callable[[str, bytes], None],
        limits: Limits | None = None,
    ) -> None:
        """Ask for a session.

        Raises:
            SessionError: the codec can not say what is to be said.
        """
        self._on_message = on_message
        self._has_ended = False
        self._why = BROKE
        self._open_by = clock.monotonic() + CONNECT_TIMEOUT_S
        self.was_taken_over = False
        self.was_too_large = False
        self.was_path_narrow = False
        self.refused: list[str] = []
        filters = [
            mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=False)
            for pattern in subscriptions
        ]
        self._stream, self._sock, self._segments = line.stream, line.sock, line.segments
        try:
            connect = _connect_packet(where, name, line.password)
            self._client = Client(connect, filters, clock.monotonic(), limits)
        except ValueError as error:
            line.stream.close()
            raise SessionError(in_words(error)) from None
        self.connection = Connection(self._sock)
        self._write()

    @property
    def is_open(self) -> bool:
        """Whether the broker has accepted it, and it has not ended."""
        return self._client.is_open and not self._has_ended

    @property
    def is_congested(self) -> bool:
        """Whether the network has not yet taken what was sent before."""
        return self._stream.wants_write

    @property
    def largest_bytes(self) -> int:
        """The size of the largest packet that was sent."""
        return self._client.largest_bytes

    @property
    def packet_bytes_max(self) -> float:
        """The largest packet that the broker takes, as far as is known."""
        return self._client.packet_bytes_max

    @property
    def local_address(self) -> str:
        """The address of this machine that faces the broker; empty where it can't be told."""
        return "" if self._sock is None else str(self._sock.getsockname()[0])

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        is_retained: bool = False,
        expiry_s: int | None = None,
    ) -> Receipt:
        """Hand a message to the network; what it returns knows when the broker has it.

        ``expiry_s``: how long (s) the broker keeps it for a centre that is away; None for ever.
        """
        if self._has_ended:
            return Receipt(topic)
        receipt = self._client.publish(
            topic,
            payload,
            clock.monotonic(),
            qos=qos,
            is_retained=is_retained,
            expiry_s=expiry_s,
        )
        self._write()
        return receipt

    def wait(self, timeout_s: float, wake: socket.socket) -> bool:
        """Sleep until ``timeout_s`` has passed, something has arrived, or ``wake`` is readable.

        Return whether ``wake`` is. Call it again and again: a connection that is silent for
        ``keepalive`` either way is pinged, and given up after as much again without an answer.

        Raises:
            SessionError: the session ended, or did not open in time.
        """
        if self._has_ended:
            raise SessionError(self._last_word())
        stream = self._stream
        link, woken = stream.fileno(), wake.fileno()
        due_at = self._client.due_at if self._client.is_open else self._open_by
        look_at = math.inf if self._segments is None else self._segments.next_at
        due_at = min(due_at, look_at)
        is_pending = stream.is_pending
        if is_pending:
            due_at = -math.inf
        timeout_s = max(0.0, min(timeout_s, due_at - clock.monotonic()))
        writing = [link] if stream.wants_write else []
        try:
            readable, _, _ = select.select([link, woken], writing, [], timeout_s)
            self._process(is_readable=is_pending or link in readable, look_at=look_at)
        except ProtocolError as error:
            self._has_ended = True
            raise SessionError(self._end(error)) from None
        except OSError as error:
            self._break(error)
        if self._has_ended:
            raise SessionError(self._last_word())
        return woken in readable

    def _process(self, *, is_readable: bool, look_at: float) -> None:
        """Take in what has come, and send what is to be sent; ``look_at``: look at the path."""
        now = clock.monotonic()
        if is_readable:
            for heard in self._client.receive(self._stream.read(), now):
                self._on_message(heard.topic, heard.payload)
        if self._client.is_open:
            self._client.advance(now)
        elif now >= self._open_by:
            raise ProtocolError(MUTE)
        if now >= look_at and self._segments is not None and self._segments.advance(now):
            self.was_path_narrow = True
            raise ProtocolError(segments.WHY)
        self._write()
        while self._client.refusals:
            event, topic, why = self._client.refusals.popleft()
            self.refused.append(f"{topic or event}: {why}")
            log.event(_logger, logging.WARNING, event, topic=topic, why=why)

    def close(self, farewell: tuple[str, bytes]) -> None:
        """Publish a retained farewell, wait a moment until the broker has it, and part cleanly."""
        begin = clock.monotonic()
        topic, payload = farewell
        said = self.publish(topic, payload, qos=1, is_retained=True)
        end = begin + FAREWELL_WITHIN_S
        idle, peer = socket.socketpair()
        with idle, peer, contextlib.suppress(SessionError):
            while not (said.is_published() or said.refused) and clock.monotonic() < end:
                self.wait(end - clock.monotonic(), idle)
        self._part(begin + PARTED_WITHIN_S)

    def leave(self) -> None:
        """Part cleanly, without a farewell and without a will: the agent goes on elsewhere.

        It waits; a thread may call it once nothing else uses the session.
        """
        self._part(clock.monotonic() + PARTED_WITHIN_S)

    def drop(self) -> None:
        """Hang up without a farewell: the broker will publish the will."""
        self._has_ended = True
        if self._segments is not None:
            self._segments.ended(clock.monotonic())
        self._stream.close()

    def _part(self, end: float) -> None:
        """Disconnect cleanly, by ``end`` (monotonic s)."""
        if not self._has_ended:
            self._client.disconnect()
            self._write()
            self._linger(end)
        self.drop()

    def _write(self) -> None:
        """Hand over what is to be sent; a connection that has ended is told of at the next wait."""
        out = self._client.take()
        if self._has_ended:
            return
        try:
            if out:
                if self._segments is not None:
                    self._segments.before_write(len(out), clock.monotonic())
                self._stream.write(out)
            elif self._stream.wants_write:
                self._stream.flush()
        except OSError as error:
            self._break(error)

    def _break(self, error: OSError) -> None:
        """Note that the connection has ended, and why, where that is known.

        With TLS 1.3 a broker refuses a certificate only when the handshake is over for us.
        """
        self._has_ended = True
        if isinstance(error, TimeoutError):  # the kernel has given it up
            self._why = UNHEARD
        elif isinstance(error, HUNG_UP):
            pass
        elif self._why == BROKE and isinstance(error, ssl.SSLError):
            self._why = in_words(error)

    def _linger(self, end: float) -> None:
        """Wait until the broker hangs up, at most until ``end``: it has got what was written then.

        To hang up first, with something unread, would discard what is still on its way.
        """
        stream = self._stream
        with contextlib.suppress(OSError):
            while (left_s := end - clock.monotonic()) > 0.0:
                writing = [stream] if stream.wants_write else []
                if not stream.is_pending:
                    select.select([stream], writing, [], left_s)
                stream.flush()
                stream.read()

    def _last_word(self) -> str:
        """Return why the session ended: the broker may have said so before it hung up."""
        try:
            for _ in self._client.receive(self._stream.read(), clock.monotonic()):
                pass
        except ProtocolError as error:
            return self._end(error)
        except OSError as error:
            self._break(error)
        return self._why

    def _end(self, error: ProtocolError) -> str:
        """Note why the broker ended it, and return that for the operator."""
        self.was_taken_over, self.was_too_large = error.was_taken_over, error.was_too_large
        return str(error)


def _connect_packet(
    where: config.Broker, name: Name, password: bytes | None
) -> mqtt5.ConnectPacket:
    """Return the first packet."""
    topic, payload = name.will
    return mqtt5.ConnectPacket(
        name.client_id,
        username=where.username,
        password=password,
        clean_start=True,
        keep_alive=where.keepalive,
        will=mqtt5.Will(topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True),
    )
