"""Makes the connection beneath a session: its files, the name, TCP, TLS and the websocket.

Each of these steps can wait, so all of it is done beside the agent's loop (``link.py``). But for a
disk that hangs, each is given up in time. A resolver that hangs is left behind in its own thread,
at most ``HANGING_MAX`` of them.
"""

import socket
import ssl
from typing import Final, NamedTuple

from agent import config
from agent.checks.net.connect import Target
from agent.mqtt.addresses import connect_first
from agent.mqtt.stream import Bytes, Stream
from venuewatch.base.config import read_secret, tls_context
from venuewatch.base.lookups import Lookups

CONNECT_TIMEOUT_S: Final = 5.0
RESOLVE_TIMEOUT_S: Final = 6.0  # a lost question is asked again after 5 s (resolv.conf(5))
HANGING_MAX: Final = 2


class Line(NamedTuple):
    """A connection to a broker on which nothing was said yet, and the password to say.

    ``sock``: its socket; None beneath a websocket, whose end is a proxy's.
    """

    stream: Bytes
    sock: socket.socket | None = None
    password: bytes | None = None


def connect(where: config.Broker, place: config.Place) -> Line:
    """Return a connection to one of the brokers. It waits: no loop may call it.

    Raises:
        OSError: no connection, or no trust.
        ValueError: there is no such address, or no such path.
        ConfigError: a secret, certificate or key cannot be used.
    """
    password = None
    if where.username is not None and where.password_file is not None:
        password = read_secret(where.password_file).encode()
    stream = stream_to(place, tls_context(where))
    if where.transport == "tcp":
        return Line(stream, stream.sock, password)
    from agent.mqtt.websocket import Websocket  # noqa: PLC0415 - few hosts need one

    try:
        path = where.websocket_path
        websocket = Websocket(stream, *place, path, timeout_s=CONNECT_TIMEOUT_S)
    except BaseException:
        stream.close()
        raise
    return Line(websocket, None, password)


def stream_to(place: config.Place, context: ssl.SSLContext | None = None) -> Stream:
    """Return a connection over TCP, or TLS where there is a ``context``.

    Raises:
        OSError: no connection, or no trust.
        ValueError: there is no such address.
    """
    sock = connect_first(_addresses_of(place), CONNECT_TIMEOUT_S)
    try:
        if context is not None:
            sock.settimeout(CONNECT_TIMEOUT_S)
            sock = context.wrap_socket(sock, server_hostname=place.address)
        sock.settimeout(0.0)
    except BaseException:
        sock.close()
        raise
    return Stream(sock)


def _addresses_of(place: config.Place) -> list[Target]:
    try:
        return _ask_system(*place, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name, not a number
    try:
        return _lookups.ask(*place, 0).wait(RESOLVE_TIMEOUT_S)
    except TimeoutError:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from None


def _ask_system(name: str, port: int, flags: int) -> list[Target]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [Target(family, address) for family, _, _, _, address in found]


_lookups = Lookups(_ask_system, most=HANGING_MAX, of_one=HANGING_MAX)
