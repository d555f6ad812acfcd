"""Carries MQTT in a websocket (MQTT 5, 6): for networks that let nothing but HTTP through."""

import contextlib
import select
from typing import Final

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from agent.mqtt.stream import HUNG_UP, Stream
from venuewatch.base import clock

_SUBPROTOCOL: Final = "mqtt"
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def authority(scheme: str, address: str, port: int) -> str:
    """Return a ``Host`` header: without the scheme's usual port (RFC 9110, 7.2)."""
    host = f"[{address}]" if ":" in address else address
    return host if _USUAL_PORTS[scheme] == port else f"{host}:{port}"


class Websocket:
    """A websocket over a stream, open from the start."""

    def __init__(
        self, stream: Stream, address: str, port: int, path: str, *, timeout_s: float
    ) -> None:
        """Shake hands with the server at ``address``, as a page of its own would.

        Raises:
            OSError: the other side wants no websocket, or does not answer within ``timeout_s``.
            ValueError: the path or the address cannot be asked for.
        """
        self._stream = stream
        self._websocket = WSConnection(ConnectionType.CLIENT)
        self._read = b""
        self._is_accepted = False
        self._ended: OSError | None = None
        scheme = "https" if stream.is_encrypted else "http"
        host = authority(scheme, address, port)
        origin = f"{scheme}://{host}".encode("idna")  # some brokers take only what they know
        request = Request(
            host=host,
            target=path,
            subprotocols=[_SUBPROTOCOL],
            extra_headers=[(b"Origin", origin)],
        )
        try:
            hello = self._websocket.send(request)
        except h11.LocalProtocolError:
            raise ValueError(f"expected a path without blanks, got {path!r}") from None
        with contextlib.suppress(*HUNG_UP):  # why it hung up is still to be read
            stream.write(hello)
        end = clock.monotonic() + timeout_s
        while not self._is_accepted:
            left_s = end - clock.monotonic()
            if left_s <= 0.0:
                raise TimeoutError
            writing = [stream] if stream.wants_write else []
            if not stream.is_pending:
                select.select([stream], writing, [], left_s)
            with contextlib.suppress(*HUNG_UP):
                stream.flush()
            self._take(stream.read())

    @property
    def wants_write(self) -> bool:
        """Whether the network has not yet taken all that was written."""
        return self._stream.wants_write

    @property
    def is_pending(self) -> bool:
        """Whether there is more to read, though the socket does not say so."""
        return bool(self._read) or self._ended is not None or self._stream.is_pending

    def fileno(self) -> int:
        """Return what can be selected."""
        return self._stream.fileno()

    def read(self) -> bytes:
        """Return what has come, empty if nothing has.

        Raises:
            OSError: the connection has ended, or what came is no websocket.
        """
        if not self._read:
            if self._ended is not None:
                raise self._ended
            self._take(self._stream.read())
        read, self._read = self._read, b""
        return read

    def write(self, data: bytes) -> None:
        """Send, as far as the network takes it now, and keep the rest.

        Raises:
            OSError: the connection has ended.
        """
        if self._websocket.state is not ConnectionState.OPEN:
            raise ConnectionResetError("the websocket was closed")
        self._stream.write(self._websocket.send(BytesMessage(data)))

    def flush(self) -> None:
        """Send what was kept, as far as the network takes it now.

        Raises:
            OSError: the connection has ended.
        """
        self._stream.flush()

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def _take(self, data: bytes) -> None:
        """Take in bytes; what comes before the end is still read, and the end is told after it."""
        if not data:
            return
        try:
            self._websocket.receive_data(data)
            for event in self._websocket.events():
                match event:
                    case BytesMessage():
                        self._read += event.data
                    case AcceptConnection():
                        self._is_accepted = True
                    case Ping():
                        self._stream.write(self._websocket.send(event.response()))
                    case RejectConnection():
                        why = f"it opens no websocket: it answers {event.status_code}"
                        raise ConnectionRefusedError(why)
                    case CloseConnection() | TextMessage():
                        self._end("the websocket was closed")
                        return
        except ProtocolError as error:
            self._end(f"it is no websocket: {error}")
        except UnicodeError:  # wsproto takes the heads of an answer for ASCII
            self._end("it is no websocket: expected an answer in ASCII")

    def _end(self, why: str) -> None:
        self._ended = ConnectionResetError(why)
        if not self._is_accepted:
            raise self._ended
