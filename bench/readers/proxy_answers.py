"""Answers of an HTTP proxy that was asked for a tunnel, as the agent takes them."""

from collections.abc import Sequence

from agent.config import Place
from agent.mqtt.proxy import ProxyError, Tunnel

ERRORS = (ProxyError,)

_STEP = 37
_OPEN = b"HTTP/1.1 200 Connection established\r\n"


def read(data: bytes) -> None:
    """Take an answer in pieces, until the tunnel is open."""
    tunnel = Tunnel(Place("mq.example", 8883))
    tunnel.take()
    for at in range(0, len(data), _STEP):
        tunnel.receive(data[at : at + _STEP])
        if tunnel.is_open:
            return
    tunnel.receive(b"")


def seeds() -> Sequence[bytes]:
    """Return answers that open a tunnel, and others that open none."""
    return [
        _OPEN + b"\r\n",
        _OPEN + b"Via: 1.1 proxy\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + _OPEN + b"\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ]
