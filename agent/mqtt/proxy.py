"""Asks an HTTP proxy for a tunnel to the broker (CONNECT: RFC 9110, 9.3.6).

:class:`Tunnel` speaks to the proxy without I/O: bytes that came in, bytes that are to go out.
:func:`open_tunnel` does so on a socket that is connected to the proxy. TLS and MQTT then go through
that socket as if it were the broker's. Of what TLS carries the proxy sees nothing.

A proxy that refuses says so by a status. Its words are not shown: they may be a page of HTML.
"""

import base64
import contextlib
import socket
from typing import Final, NamedTuple

import h11

from agent import config
from venuewatch.base import clock

_HTTP: Final = b"HTTP/"
_HUNG_UP: Final = "the proxy hung up without an answer"
_READ_AT_ONCE: Final = 4_096
_ANSWER_MAX_BYTES: Final = 16_384  # of a head, and of all that comes before the tunnel is open
_WORDS: Final = {
    400: "it does not understand the question",
    403: "it lets nobody through to that address and port",
    404: "it does not know that address",
    405: "it opens no tunnels",
    407: "it wants another user or password",
    429: "it has too much to do",
    502: "it can't reach the broker",
    503: "it has too much to do, or can't reach the broker",
    504: "the broker did not answer it in time",
}


class ProxyError(OSError):
    """There is no tunnel; the text is for the operator.

    Attributes:
        status: the number that the proxy answered, None where it did not.
    """

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class User(NamedTuple):
    """Who asks the proxy. The password comes from a file."""

    name: str
    password: str


class Tunnel:
    """A question for a tunnel, and its answer.

    Attributes:
        is_open: whether what follows is the broker's.
    """

    def __init__(self, place: config.Place, user: User | None = None) -> None:
        """Ask for a tunnel to ``place``.

        Raises:
            ValueError: there is no such address, or the user's name has a colon.
        """
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_ANSWER_MAX_BYTES)
        self._heard_bytes, self._head = 0, b""
        self.is_open = False
        target = _target(place)
        headers = [("Host", target)]
        if user is not None:
            headers.append(("Proxy-Authorization", _basic(user)))
        try:
            asked = h11.Request(method="CONNECT", target=target, headers=headers)
        except h11.LocalProtocolError:
            raise ValueError(f"expected a host name or IP address, got {place.address!r}") from None
        hello = self._protocol.send(asked) or b""
        self._out = hello + (self._protocol.send(h11.EndOfMessage()) or b"")

    def take(self) -> bytes:
        """Return what is to be sent now."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes) -> None:
        """Take in what the proxy says; nothing, where it hung up.

        Raises:
            ProxyError: there will be no tunnel.
        """
        self._heard_bytes += len(data)
        self._head = (self._head + data)[: len(_HTTP)]
        if self._heard_bytes > _ANSWER_MAX_BYTES:
            raise ProxyError("the proxy's answer has no end")
        try:
            self._protocol.receive_data(data)
            while not self.is_open:
                event = self._protocol.next_event()
                if event is h11.NEED_DATA:
                    return
                self._hear(event)
        except h11.RemoteProtocolError:
            is_cut = not data and _HTTP.startswith(self._head)
            raise ProxyError(_HUNG_UP if is_cut else "this is no HTTP proxy") from None
        if self._protocol.trailing_data[0]:  # TLS and MQTT begin with us
            raise ProxyError("the proxy sent more than its answer: it is no tunnel")

    def _hear(self, event: object) -> None:
        """Take in one event; further headers may come before the answer (RFC 9110, 15.2)."""
        if isinstance(event, h11.Response):
            status = event.status_code
            if not 200 <= status < 300:  # noqa: PLR2004 - what RFC 9110, 9.3.6 wants
                why = f": {_WORDS[status]}" if status in _WORDS else ""
                raise ProxyError(f"the proxy answers {status}{why}", status=status)
            self.is_open = True
        elif not isinstance(event, h11.InformationalResponse):
            raise ProxyError(_HUNG_UP)


def open_tunnel(
    sock: socket.socket, place: config.Place, user: User | None = None, *, timeout_s: float
) -> None:
    """Have a socket that is connected to a proxy lead to ``place``. It waits: no loop may call it.

    The socket has some timeout afterwards: its owner sets its own, and closes it on errors.

    Raises:
        ProxyError: there is no tunnel.
        ValueError: there is no such address.
    """
    tunnel = Tunnel(place, user)
    try:
        _carry(tunnel, sock, clock.monotonic() + timeout_s)
    except ProxyError:
        raise
    except TimeoutError:
        raise ProxyError("the proxy did not answer in time") from None
    except OSError:
        raise ProxyError(_HUNG_UP) from None


def _carry(tunnel: Tunnel, sock: socket.socket, by: float) -> None:
    """Carry the bytes of a question and its answer; raises OSError where there is none."""
    while not tunnel.is_open:
        left_s = by - clock.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        sock.settimeout(left_s)
        if out := tunnel.take():
            with contextlib.suppress(ConnectionError):  # why it hung up is still to be read
                sock.sendall(out)
        tunnel.receive(sock.recv(_READ_AT_ONCE))


def _target(place: config.Place) -> str:
    """Return the broker as CONNECT wants it: always with the port, IPv6 in brackets.

    Raises:
        ValueError: it is no host name.
    """
    try:
        address = place.address.encode("ascii" if ":" in place.address else "idna").decode()
    except UnicodeError:
        raise ValueError("the address is not a host name") from None
    if not address:
        raise ValueError("the address is not a host name")
    host = f"[{address.partition('%')[0]}]" if ":" in address else address
    return f"{host}:{place.port}"


def _basic(user: User) -> str:
    """Return the credentials of RFC 7617.

    Raises:
        ValueError: the name has a colon, which would begin the password.
    """
    if ":" in user.name:
        raise ValueError("expected the proxy's user to have no colon")
    given = f"{user.name}:{user.password}".encode()
    return f"Basic {base64.b64encode(given).decode()}"
