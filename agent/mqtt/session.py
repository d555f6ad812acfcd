"""One session with the broker, from connecting to its end, over paho-mqtt without its thread.

The session is open from the broker's CONNACK on. Its will reports a broken connection to the
aggregator. Nothing here tries again: a session that ended is dropped, and the link decides
when to make the next one.
"""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent import config
from agent.mqtt.thin_tcp import Connection
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, in_words, read_secret, tls_context

CONNECT_TIMEOUT_S: Final = 5.0

_LINGER_S = 1.0
_SESSION_TAKEN_OVER = 142  # MQTT 5, 3.14.2.1


class SessionError(Exception):
    """There is no session (any more); its text is for the operator."""


class Receipt:
    """Knows whether the broker has a message. One that could not be sent, it never has."""

    def __init__(self, info: paho.MQTTMessageInfo) -> None:
        self._info = info

    def is_published(self) -> bool:
        """Return whether the broker has acknowledged it."""
        try:
            return self._info.is_published()
        except (ValueError, RuntimeError):  # paho's words for a full queue and a dead connection
            return False


class Session:
    """A connection that becomes a session, or fails.

    ``on_message`` gets topic and payload of each message on ``subscriptions``.

    Attributes:
        connection: the TCP connection beneath.
        is_open: whether the broker has accepted it.
        was_taken_over: whether another client has connected under this name.
    """

    def __init__(
        self,
        where: config.Broker,
        place: config.Place,
        *,
        client_id: str,
        will: tuple[str, bytes],
        subscriptions: Sequence[str],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        """Connect over TCP (and TLS), and ask for a session.

        Raises:
            SessionError: no connection.
        """
        self._subscriptions = [(pattern, 1) for pattern in subscriptions]
        self._why: str | None = None
        self._open_by = clock.monotonic() + CONNECT_TIMEOUT_S
        self._keepalive_s = where.keepalive
        self._sent_at = self._heard_at = clock.monotonic()
        self.is_open = False
        self.was_taken_over = False
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0  # it ends with the connection
        try:
            self._client = self._make_client(where, client_id, will)
            self._client.on_message = lambda _client, _userdata, message: on_message(
                message.topic, bytes(message.payload)
            )
            self._client.connect(
                place.address,
                place.port,
                keepalive=where.keepalive,
                clean_start=True,
                properties=properties,
            )
        except (OSError, ValueError, ConfigError) as error:
            raise SessionError(in_words(error, at=f"{place.address}:{place.port}")) from None
        sock = self._client.socket()
        if sock is None:
            raise SessionError("the link broke")
        self._sock = sock
        self.connection = Connection(sock)

    @property
    def is_congested(self) -> bool:
        """Whether the network has not yet taken what was sent before."""
        return self._client.want_write()

    @property
    def local_address(self) -> str:
        """The address of this machine that faces the broker; empty where it can't be told."""
        if not isinstance(self._sock, socket.socket):
            return ""
        return str(self._sock.getsockname()[0])

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
        self._sent_at = clock.monotonic()
        properties = None
        if expiry_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = expiry_s
        return Receipt(
            self._client.publish(topic, payload, qos=qos, retain=is_retained, properties=properties)
        )

    def wait(self, timeout_s: float, wake: socket.socket) -> bool:
        """Sleep until ``timeout_s`` has passed, something has arrived, or ``wake`` is readable.

        Return whether ``wake`` is. Call it again and again: a connection that is silent for
        ``keepalive`` either way is pinged, and given up after as much again without an answer.

        Raises:
            SessionError: the session ended, or did not open in time.
        """
        client, sock = self._client, self._sock
        timeout_s = min(timeout_s, self._keepalive_s / 2)
        is_pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        link, woken = sock.fileno(), wake.fileno()
        writing = [link] if client.want_write() else []
        try:
            readable, writable, _ = select.select(
                [link, woken], writing, [], 0.0 if is_pending else max(0.0, timeout_s)
            )
        except (OSError, ValueError):
            raise SessionError(self._why or "the link broke") from None
        now = clock.monotonic()
        if link in readable or is_pending:
            self._heard_at = now
            try:
                client.loop_read()
            except (ValueError, LookupError, struct.error, MQTTException) as error:
                raise SessionError(f"the broker sent what is no MQTT: {error}") from None
        if link in writable:
            client.loop_write()
        if not self.is_open or now - min(self._sent_at, self._heard_at) >= self._keepalive_s:
            client.loop_misc()  # paho would ping each keepalive, whatever it has sent
        if self._why is not None:
            raise SessionError(self._why)
        if not self.is_open and now > self._open_by:
            raise SessionError("the broker accepted the connection and did not answer")
        return woken in readable

    def close(self, farewell: tuple[str, bytes]) -> None:
        """Publish a retained farewell, wait a moment until the broker has it, and part cleanly."""
        topic, payload = farewell
        said = self.publish(topic, payload, qos=1, is_retained=True)
        end = clock.monotonic() + _LINGER_S
        idle, peer = socket.socketpair()
        with idle, peer, contextlib.suppress(SessionError):
            while not said.is_published() and clock.monotonic() < end:
                self.wait(end - clock.monotonic(), idle)
            self._client.disconnect()
        self.drop()

    def leave(self) -> None:
        """Part cleanly, without a farewell and without a will: the agent goes on elsewhere."""
        self._client.disconnect()
        self.drop()

    def drop(self) -> None:
        """Hang up without a farewell: the broker will publish the will."""
        self.is_open = False
        with contextlib.suppress(OSError):
            self._sock.close()

    def _make_client(
        self, where: config.Broker, client_id: str, will: tuple[str, bytes]
    ) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=paho.MQTTv5,
            transport=where.transport,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(will[0], will[1], qos=1, retain=True)
        if where.transport == "websockets":
            client.ws_set_options(path=where.websocket_path)
        if where.username is not None:
            password = None if where.password_file is None else read_secret(where.password_file)
            client.username_pw_set(where.username, password)
        if where.uses_tls:
            client.tls_set_context(tls_context(where))
        client.on_connect = lambda _client, _data, _flags, reason, _: self._answered(reason)
        client.on_disconnect = lambda _client, _data, flags, reason, _: self._ended(flags, reason)
        return client

    def _answered(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._why = f"the broker refused the session: {reason}"
            return
        self._client.subscribe(self._subscriptions)
        self.is_open = True

    def _ended(self, flags: paho.DisconnectFlags, reason: ReasonCode) -> None:
        self.is_open = False
        self.was_taken_over = reason.value == _SESSION_TAKEN_OVER
        if self._why is None:
            by_broker = flags.is_disconnect_packet_from_server
            self._why = f"the broker ended the session: {reason}" if by_broker else "the link broke"
