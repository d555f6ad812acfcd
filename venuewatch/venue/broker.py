"""A short visit to the broker: connects with a certificate, publishes, and leaves.

It tells how the broker received the certificate. With TLS 1.3 a client hears of a refusal only when
it reads for the first time.
"""

import contextlib
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import mqtt5

from venuewatch.base.config import ConfigError, in_words, trusting
from venuewatch.base.wire.errors import WireError
from venuewatch.base.wire.framing import Framer

TIMEOUT_S: Final = 3.0
"""The longest time (s) of one read, or of the way to the broker."""

_KEEPALIVE_S: Final = 30
_FAILURE: Final = 128
_READ_BYTES: Final = 4_096


class Reception(StrEnum):
    """How the broker received a certificate."""

    TAKEN = "taken"
    REVOKED = "revoked"
    REFUSED = "refused"
    UNCLEAR = "unclear"


class Visit(NamedTuple):
    """How a visit went. ``why``: in words, where it was not taken.

    ``is_published``: the broker took every message, as its rules allow.
    """

    reception: Reception
    why: str = ""
    is_published: bool = False


class Where(NamedTuple):
    """The broker's address, and the file of the authority that has signed its certificate."""

    address: str
    port: int
    ca_file: str


def visit(where: Where, credentials: bytes, name: str, cleared: Sequence[str] = ()) -> Visit:
    """Connect as ``name``, delete what the broker keeps on topics, and disconnect.

    ``credentials``: key and certificate as PEM. Another client of that name is thrown out.
    """
    try:
        context = trusting(where.ca_file)
        _load(context, credentials)
        raw = socket.create_connection((where.address, where.port), TIMEOUT_S)
        with raw, context.wrap_socket(raw, server_hostname=where.address) as connection:
            return _session(connection, name, cleared)
    except ssl.SSLError as error:
        return Visit(_reception_of(error), in_words(error))
    except ConfigError as error:
        return Visit(Reception.UNCLEAR, str(error))
    except (OSError, WireError) as error:
        at = f"{where.address}:{where.port}"
        why = in_words(error, at=at) if isinstance(error, OSError) else str(error)
        return Visit(Reception.UNCLEAR, why)


def _session(connection: socket.socket, name: str, cleared: Sequence[str]) -> Visit:
    """Speak MQTT over a connection.

    Raises:
        OSError, WireError: it broke.
    """
    packets = _packets(connection)
    connect = mqtt5.ConnectPacket(name, clean_start=True, keep_alive=_KEEPALIVE_S)
    # Where it is closed already, why is still to be read. TLS has an error of its own for it.
    with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        connection.sendall(connect.write())
    answer = next(packets, None)
    if not isinstance(answer, mqtt5.ConnAckPacket):
        return Visit(Reception.UNCLEAR, "the broker closed the connection without an answer")
    if int(answer.reason_code) >= _FAILURE:
        why = answer.reason_code.name.replace("_", " ").lower()
        return Visit(Reception.REFUSED, f"the broker refused the session: {why}")
    is_published = True
    for number, topic in enumerate(cleared, 1):
        publish = mqtt5.PublishPacket(
            topic, b"", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True, packet_id=number
        )
        connection.sendall(publish.write())
        acknowledged = next(packets, None)
        if not isinstance(acknowledged, mqtt5.PubAckPacket):
            return Visit(Reception.UNCLEAR, "the broker ended the session")
        is_published &= int(acknowledged.reason_code) < _FAILURE
    connection.sendall(mqtt5.DisconnectPacket().write())
    why = "" if is_published else "the broker's rules do not allow it yet"
    return Visit(Reception.TAKEN, why, is_published)


def _packets(connection: socket.socket) -> Iterator[object]:
    framer = Framer()
    while data := connection.recv(_READ_BYTES):
        yield from framer.feed(data)


def _reception_of(error: ssl.SSLError) -> Reception:
    said = str(error).upper().replace(" ", "_")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reception.UNCLEAR  # it is the broker's own that is not trusted
    if "CERTIFICATE_REVOKED" in said:
        return Reception.REVOKED
    return Reception.REFUSED if "ALERT" in said else Reception.UNCLEAR


def _load(context: ssl.SSLContext, credentials: bytes) -> None:
    """Give key and certificate to TLS, which takes them from a file only; it is gone at once.

    Raises:
        OSError: they can not be used.
    """
    descriptor, path = tempfile.mkstemp(prefix="venuewatch-")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(credentials)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink(missing_ok=True)
