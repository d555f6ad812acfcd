"""Makes the connection beneath a session: files, the name, TCP, a tunnel, TLS and the websocket.

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
from agent.mqtt.paths import Paths
from agent.mqtt.segments import Segments, has_arrived, note_loss, peer_of
from agent.mqtt.stream import Bytes, Stream
from agent.mqtt.thin_tcp import give_up_after
from venuewatch.base import clock
from venuewatch.base.config import in_words, read_secret, tls_context
from venuewatch.base.lookups import Lookups

CONNECT_TIMEOUT_S: Final = 5.0
RESOLVE_TIMEOUT_S: Final = 6.0  # a lost question is asked again after 5 s (resolv.conf(5))
HANGING_MAX: Final = 2

IN_VAIN_KEEPALIVES: Final = 2.0
"""So long may what was sent be unacknowledged: a ping is waited for as long (``protocol.py``)."""

NO_TLS: Final = "connected, and TLS was not answered: is this the broker's port for TLS?"
MUTE_TLS: Final = "TLS was not answered in time"


class Line(NamedTuple):
    """A connection to a broker on which nothing was said yet, and the password to say.

    ``sock``: its socket; None where its end is a proxy's: beneath a websocket, or in a tunnel.
    ``segments``: of the TCP connection beneath, whatever is on it.
    """

    stream: Bytes
    sock: socket.socket | None = None
    password: bytes | None = None
    segments: Segments | None = None


class Proxy(NamedTuple):
    """An HTTP proxy on the way, and who asks it; the password is that of a file, "" without one."""

    place: config.Place
    username: str | None = None
    password: str = ""


def connect(where: config.Broker, paths: Paths, place: config.Place) -> Line:
    """Return a connection to one of the brokers. It waits: no loop may call it.

    ``paths``: what is known of the ways to them.

    Raises:
        OSError: no connection, or no trust.
        ValueError: there is no such address, or no such path.
        ConfigError: a secret, certificate or key cannot be used.
    """
    password = None
    if where.username is not None and where.password_file is not None:
        password = read_secret(where.password_file).encode()
    proxy = proxy_of(where)
    stream = stream_to(place, tls_context(where), paths, proxy)
    give_up_after(stream.sock, IN_VAIN_KEEPALIVES * where.keepalive)
    segments = Segments(stream.sock, paths, clock.monotonic())
    if where.transport == "tcp":
        return Line(stream, stream.sock if proxy is None else None, password, segments)
    from agent.mqtt.websocket import Websocket  # noqa: PLC0415 - few hosts need one

    try:
        path = where.websocket_path
        websocket = Websocket(stream, *place, path, timeout_s=CONNECT_TIMEOUT_S)
    except BaseException:
        stream.close()
        raise
    return Line(websocket, None, password, segments)


def proxy_of(where: config.Broker) -> Proxy | None:
    """Return the proxy on the way to the brokers, with the password for it; None without one.

    Raises:
        ConfigError: its password cannot be read.
    """
    if where.proxy is None:
        return None
    kept_in = where.proxy_password_file
    password = "" if kept_in is None else read_secret(kept_in)
    return Proxy(where.connects_to[0], where.proxy_username, password)


def stream_to(
    place: config.Place,
    context: ssl.SSLContext | None = None,
    paths: Paths | None = None,
    proxy: Proxy | None = None,
) -> Stream:
    """Return a connection over TCP, or TLS where there is a ``context``.

    A broker that has our first words of TLS, and is not heard in time, may have sent its
    certificate in packets that are too large for the path: the next connection asks for small
    ones.

    Raises:
        OSError: no connection, no tunnel, or no trust.
        ValueError: there is no such address.
    """
    sock = reach(place, proxy, paths)
    try:
        if context is not None:
            sock = _encrypted(sock, context, place.address, paths)
        sock.settimeout(0.0)
    except BaseException:
        sock.close()
        raise
    return Stream(sock)


def reach(
    place: config.Place, proxy: Proxy | None = None, paths: Paths | None = None
) -> socket.socket:
    """Return a TCP connection to a place, or a proxy's tunnel to it. It waits.

    The socket has some timeout: its owner sets its own.

    Raises:
        OSError: there is none.
        ValueError: there is no such address.
    """
    if proxy is None:
        return connect_first(_addresses_of(place), CONNECT_TIMEOUT_S, paths)
    from agent.mqtt.proxy import ProxyError, User, open_tunnel  # noqa: PLC0415 - few have one

    try:
        sock = connect_first(_addresses_of(proxy.place), CONNECT_TIMEOUT_S, paths)
    except (OSError, UnicodeError) as error:
        raise ProxyError(f"the proxy {proxy.place}: {in_words(error)}") from None
    user = None if proxy.username is None else User(proxy.username, proxy.password)
    try:
        open_tunnel(sock, place, user, timeout_s=CONNECT_TIMEOUT_S)
    except BaseException:
        sock.close()
        raise
    return sock


def _encrypted(
    sock: socket.socket, context: ssl.SSLContext, name: str, paths: Paths | None
) -> ssl.SSLSocket:
    """Return a connection with TLS on it; say what may be wrong where the broker begins none."""
    sock.settimeout(CONNECT_TIMEOUT_S)
    tls = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    try:
        tls.do_handshake()
    except TimeoutError:
        if paths is not None and has_arrived(tls):
            note_loss(paths, peer_of(tls), MUTE_TLS, clock.monotonic())
        tls.close()
        raise OSError(NO_TLS) from None
    except BaseException:
        tls.close()
        raise
    return tls


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
