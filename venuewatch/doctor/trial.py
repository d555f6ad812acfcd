"""Tries a session with the broker, where no agent runs that could be asked instead.

It is the agent's session without what others would see: no will, no birth, no beat. It subscribes
as an agent does, and publishes an empty catalogue: that is the one message of a host that shows no
life and changes nothing. Mosquitto accepts each subscription and then delivers nothing of what may
not be read, so a tick that is heard is the only proof of that.

:class:`Talk` is pure. :func:`tried` carries its bytes.
"""

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Final, NamedTuple

import mqtt5

from agent import config
from agent.mqtt.connecting import proxy_of, reach
from agent.mqtt.protocol import HTTP, PORTAL
from agent.mqtt.stream import HUNG_UP
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, in_words, read_secret, tls_context
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue, encode
from venuewatch.base.wire.framing import Framer, StreamError
from venuewatch.base.wire.topics import Stream

HEARD_WITHIN_S: Final = 4.0
"""How long (s) a trial waits for a tick; an aggregator ticks each second."""

_TIMEOUT_S: Final = 5.0
_KEEPALIVE_S: Final = 30
_FAILURE: Final = 0x80  # reason codes from here on are failures (MQTT 5, 2.4)
_SUBSCRIBE_ID, _PUBLISH_ID = 1, 2
_READ_AT_ONCE: Final = 65_536


class Trial(NamedTuple):
    """The outcome of a trial.

    ``error``: why there was no session, "" if there was; where the broker said so, the name of its
    reason. ``refused``: topics that may not be subscribed to or published.
    The rest is what the broker offers, and whether a tick was heard.
    """

    error: str = ""
    refused: tuple[str, ...] = ()
    hears_tick: bool = False
    packet_bytes_max: int | None = None
    receive_max: int = 65_535
    qos_max: int = 2
    has_retain: bool = True
    has_wildcards: bool = True


class Who(NamedTuple):
    """Who connects; a ``host`` of a ``venue`` subscribes and publishes, "" does neither."""

    client_id: str
    username: str | None = None
    password: bytes | None = None
    venue: str = ""
    host: str = ""


class Talk:
    """One session, without I/O.

    Attributes:
        is_over: nothing more is to be heard, but perhaps a tick.
    """

    def __init__(self, who: Who) -> None:
        self._filters: Sequence[str] = ()
        self._topic = ""
        if who.host:
            command = topics.topic(who.venue, who.host, Stream.CMD)
            self._filters = (*topics.FOR_AGENTS, command)
            self._topic = topics.topic(who.venue, who.host, Stream.CATALOGUE)
        connect = mqtt5.ConnectPacket(
            who.client_id,
            username=who.username,
            password=who.password,
            clean_start=True,
            keep_alive=_KEEPALIVE_S,
        )
        self._framer = Framer()
        self._out = connect.write()
        self._answers_due = 0
        self._head = b""
        self._refused: list[str] = []
        self._trial = Trial(error="the broker accepted the connection and did not answer")
        self.is_over = False

    @property
    def trial(self) -> Trial:
        """The outcome so far."""
        return self._trial._replace(refused=tuple(self._refused))

    @property
    def awaits_tick(self) -> bool:
        """Whether a tick would be heard: a host subscribes to it."""
        return bool(self._filters)

    def take(self) -> bytes:
        """Return what is to be sent now."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes) -> None:
        """Take in what the broker says; nothing, where it hung up."""
        if not data:
            if not self.is_over:
                self._end("the broker hung up without a reason")
            return
        self._head = (self._head + data)[: len(HTTP)]
        if self._head == HTTP:  # what MQTT begins so does not come first
            self._end(PORTAL)
            return
        try:
            for item in self._framer.feed(data):
                self._hear(item)
        except StreamError:
            self._end("the broker sent what is no MQTT")

    def part(self) -> bytes:
        """Return the farewell of a session."""
        return mqtt5.DisconnectPacket().write()

    def _hear(self, item: object) -> None:
        match item:
            case mqtt5.ConnAckPacket():
                self._begin(item)
            case mqtt5.SubAckPacket():
                pairs = zip(self._filters, item.reason_codes, strict=False)
                self._refused += [topic for topic, code in pairs if int(code) >= _FAILURE]
                self._answered()
            case mqtt5.PubAckPacket():
                if int(item.reason_code) >= _FAILURE:
                    self._refused.append(self._topic)
                self._answered()
            case mqtt5.PublishPacket():
                if item.topic.endswith("/tick"):
                    self._trial = self._trial._replace(hears_tick=True)
            case mqtt5.DisconnectPacket():
                self._end(item.reason_code.name)
            case _:
                pass

    def _begin(self, answer: mqtt5.ConnAckPacket) -> None:
        if int(answer.reason_code) >= _FAILURE:
            self._end(answer.reason_code.name)
            return
        self._trial = Trial(
            packet_bytes_max=answer.max_packet_size,
            receive_max=answer.receive_max,
            qos_max=int(answer.max_qos),
            has_retain=answer.retain_available,
            has_wildcards=answer.wildcard_subscription_available,
        )
        if not self._filters:
            self.is_over = True
            return
        filters = [
            mqtt5.TopicFilter(each, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=False)
            for each in self._filters
        ]
        self._out += mqtt5.SubscribePacket(_SUBSCRIBE_ID, filters).write()
        self._answers_due = 1
        if self._trial.qos_max:  # without QoS 1 there is no answer to a message
            nothing = encode(Catalogue(families=[]))
            self._out += mqtt5.PublishPacket(
                self._topic, nothing, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=_PUBLISH_ID
            ).write()
            self._answers_due = 2

    def _answered(self) -> None:
        self._answers_due -= 1
        self.is_over = self._answers_due <= 0

    def _end(self, error: str) -> None:
        self._trial = self._trial._replace(error=error)
        self.is_over = True


def tried(where: config.Broker, who: Who) -> Trial:
    """Return the outcome of a session with the first broker, over TCP or TLS."""
    place = where.places[0]
    try:
        password = None
        if where.username is not None and where.password_file is not None:
            password = read_secret(where.password_file).encode()
        talk = Talk(who._replace(username=where.username, password=password))
        with _connected(where, tls_context(where)) as sock:
            _carry(talk, sock)
    except ConfigError as error:
        return Trial(error=str(error))
    except (OSError, ValueError) as error:
        return Trial(error=in_words(error, at=str(place)))
    return talk.trial


def _connected(where: config.Broker, context: ssl.SSLContext | None) -> socket.socket:
    """Return a connection; raises OSError, ValueError or ConfigError."""
    place = where.places[0]
    sock = reach(place, proxy_of(where))
    sock.settimeout(_TIMEOUT_S)
    if context is None:
        return sock
    try:
        return context.wrap_socket(sock, server_hostname=place.address)
    except BaseException:
        sock.close()
        raise


def _carry(talk: Talk, sock: socket.socket) -> None:
    """Carry the bytes of a talk, until it is over and a tick was heard, or time is up.

    Raises:
        OSError: the connection broke before the talk was over.
    """
    by = clock.monotonic() + _TIMEOUT_S
    tick_by = by
    while (left_s := (tick_by if talk.is_over else by) - clock.monotonic()) > 0.0:
        with contextlib.suppress(*HUNG_UP):  # why it hung up is still to be read
            sock.sendall(talk.take())
        was_over = talk.is_over
        if was_over and (talk.trial.error or talk.trial.hears_tick or not talk.awaits_tick):
            break
        sock.settimeout(left_s)
        try:
            data = sock.recv(_READ_AT_ONCE)
        except TimeoutError:
            break
        talk.receive(data)
        if not data:
            break
        if talk.is_over and not was_over:
            tick_by = clock.monotonic() + HEARD_WITHIN_S
    if not talk.trial.error:
        with contextlib.suppress(OSError):
            sock.sendall(talk.part())
