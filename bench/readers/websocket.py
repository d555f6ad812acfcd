"""Stream of a server, as the agent's websocket takes it, from its answer to the handshake on."""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from typing import cast

from agent.mqtt.stream import Stream
from agent.mqtt.websocket import Websocket

ERRORS = (OSError,)

_STEP = 89
_PENDING = 10_000
_KEY = re.compile(rb"Sec-WebSocket-Key: (\S+)", re.IGNORECASE)
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


class _Stream:
    """Has the bytes of a server, and then ends; ``is_right``: it shakes hands first."""

    wants_write = is_encrypted = False
    is_pending = True

    def __init__(self, data: bytes, *, is_right: bool) -> None:
        self._rest = data
        self._is_right = is_right

    def read(self) -> bytes:
        if not self._rest:
            raise ConnectionResetError
        piece, self._rest = self._rest[:_STEP], self._rest[_STEP:]
        return piece

    def write(self, data: bytes) -> None:
        key = _KEY.search(data)
        if key is not None and self._is_right:
            digest = sha1(key[1] + _MAGIC, usedforsecurity=False).digest()
            self._rest = _ACCEPTED % b64encode(digest) + self._rest
            self._is_right = False

    def flush(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int:
        return 0


def read(data: bytes) -> None:
    """Shake hands, and read to the end; the handshake is right if the first byte is odd."""
    stream = cast("Stream", _Stream(data[1:], is_right=bool(data) and data[0] & 1 == 1))
    websocket = Websocket(stream, "broker", 80, "/mqtt", timeout_s=5.0)
    for _ in range(_PENDING):
        websocket.read()


def seeds() -> Sequence[bytes]:
    """Return frames: a message, in two parts, a ping, a text, a close; and other answers."""
    frames = b"\x82\x02\x20\x00", b"\x02\x01\x20\x80\x01\x00", b"\x89\x01a", b"\x81\x01a"
    close = b"\x88\x02\x03\xe8"
    return [
        b"\1" + b"".join(frames[:3]) + close,
        *(b"\1" + frame for frame in frames),
        b"\0" + _ACCEPTED % b"wrong",
        b"\0HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    ]
