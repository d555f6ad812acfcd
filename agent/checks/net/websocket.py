"""Websocket of a client (RFC 6455), without its network: bytes in, whole messages and bytes out.

It offers no compression, so no message is larger than its bytes on the wire. Of many pings the
newest is answered, as 5.5.3 allows: what it sends is never more than one pong for each call.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from agent.checks.net.url import Url
from agent.checks.reading.words import short

_NORMAL: Final = 1000  # the code of a close without a fault (7.4.1)


class Received(NamedTuple):
    """Messages that ended, in order, and how many more were too large.

    ``to_send``: what is due to the server. ``ended``: why the websocket has ended, "" if it has
    not.
    """

    messages: Sequence[bytes] = ()
    oversized: int = 0
    to_send: bytes = b""
    ended: str = ""


class Websocket:
    """One websocket, from the request on. ``hello``: what is to be sent first.

    ``is_open``: the server has agreed. A message of over ``max_bytes`` is dropped as it comes, and
    counted; an endless one again and again.

    Raises:
        ValueError: the address or a field can't be asked for.
    """

    def __init__(
        self, url: Url, fields: Mapping[str, str], subprotocols: Sequence[str], max_bytes: int
    ) -> None:
        self._max_bytes = max_bytes
        self._begun = bytearray()
        self._is_too_large = False
        self.is_open = False
        self._socket = WSConnection(ConnectionType.CLIENT)
        given = {"Origin": f"{url.scheme}://{url.netloc}"}
        given = {} if any(name.lower() == "origin" for name in fields) else given
        extra = [(name.encode(), value.encode()) for name, value in (given | dict(fields)).items()]
        try:
            self.hello = self._socket.send(
                Request(
                    host=url.netloc,
                    target=url.path,
                    subprotocols=list(subprotocols),
                    extra_headers=extra,
                )
            )
        except (h11.LocalProtocolError, UnicodeError):
            raise ValueError("Expected an address and fields that HTTP can carry") from None

    def receive(self, data: bytes) -> Received:
        """Take in the next bytes of the server."""
        messages: list[bytes] = []
        oversized, ended, ping = 0, "", None
        try:
            self._socket.receive_data(data)
            for event in self._socket.events():
                if isinstance(event, AcceptConnection):
                    self.is_open = True
                elif isinstance(event, Ping):
                    ping = event
                elif isinstance(event, TextMessage | BytesMessage):
                    oversized += self._take(event, messages)
                else:
                    ended = self._end_by(event)
                if ended:
                    break
        except ProtocolError as error:
            ended = f"it is no websocket: {short(error, 100)}"
        except UnicodeError:  # wsproto takes the heads of an answer for ASCII
            ended = "it is no websocket: expected an answer in ASCII"
        is_able = ping is not None and self._socket.state is ConnectionState.OPEN
        pong = self._socket.send(ping.response()) if ping is not None and is_able else b""
        return Received(messages, oversized, pong, ended)

    def message(self, content: bytes) -> bytes:
        """Return what to send to say this: as text, or as bytes where it is no UTF-8."""
        try:
            return self._send(TextMessage(content.decode()))
        except UnicodeDecodeError:
            return self._send(BytesMessage(content))

    def ping(self) -> bytes:
        """Return what to send to have the server answer."""
        return self._send(Ping())

    def farewell(self) -> bytes:
        """Return what to send last; it may be nothing."""
        return self._send(CloseConnection(_NORMAL))

    def _send(self, event: Event) -> bytes:
        is_able = self.is_open and self._socket.state is ConnectionState.OPEN
        return self._socket.send(event) if is_able else b""

    def _take(self, event: TextMessage | BytesMessage, messages: list[bytes]) -> int:
        """Take in a part of a message, and return how many have become too large with it."""
        self._begun += event.data.encode() if isinstance(event, TextMessage) else event.data
        oversized = int(len(self._begun) > self._max_bytes)
        if oversized:
            self._is_too_large = True
            self._begun.clear()
        if event.message_finished:
            if not self._is_too_large:
                messages.append(bytes(self._begun))
            self._begun.clear()
            self._is_too_large = False
        return oversized

    def _end_by(self, event: Event) -> str:
        """Return why an event ends the websocket; "" where it does not."""
        if isinstance(event, RejectConnection):
            return f"it opens no websocket: it answers {event.status_code}"
        if not isinstance(event, CloseConnection):
            return ""
        reason = short(event.reason or "", 80)
        if self._socket.state is ConnectionState.OPEN:  # the server has not closed it: wsproto has
            return f"it is no websocket: {reason}"
        code = f"code {int(event.code)}"
        return f"the server closed the websocket: {code}" + (f", {reason}" if reason else "")
