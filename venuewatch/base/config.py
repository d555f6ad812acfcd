"""Configuration files: TOML, decoded whole into frozen structs, unknown keys refused.

What is wrong is said in one line: the file, the place in it, and what was expected. Secrets are
named by the path of the file that holds them, never written into a configuration.
"""

import socket
import ssl
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from venuewatch.base.wire.reconnect import RECONNECT_MAX_S

T = TypeVar("T")

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-][A-Za-z0-9._-]{0,63}\Z")]
KeepaliveS = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Seconds = Annotated[float, msgspec.Meta(ge=0.1, le=86_400)]


class ConfigError(Exception):
    """A configuration cannot be used; its text is the one line for the operator."""


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the MQTT broker is and how to be let in.

    TLS is used when ``tls`` says so or any of the TLS files is named; without ``ca_file`` the
    system's certificate authorities are trusted.
    """

    address: str = "127.0.0.1"
    port: Port = 1883
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password_file: str | None = None
    reconnect_max_s: Seconds = RECONNECT_MAX_S

    def __post_init__(self) -> None:
        if not self.address:
            raise ValueError("Expected `address` to be a host name or an IP address")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("Expected `cert_file` and `key_file` together")
        if self.password_file is not None and self.username is None:
            raise ValueError("Expected `username` beside `password_file`")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is to be encrypted."""
        return self.tls or self.ca_file is not None or self.cert_file is not None


def load(path: Path, kind: type[T]) -> T:
    """Read the TOML file at ``path`` into a ``kind``.

    Raises:
        ConfigError: it cannot be read, is not TOML, or does not fit ``kind``.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{one_line(path)}: {error}") from None
    try:
        return msgspec.convert(tomllib.loads(raw.decode()), kind)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: Expected UTF-8, got a stray byte at {error.start}") from None
    except (ValueError, RecursionError) as error:  # not TOML, or not a ``kind``
        raise ConfigError(f"{path}: {one_line(error)}") from None


def one_line(text: object) -> str:
    """Return a text as one line that a terminal can show."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text))


def read_secret(path: str) -> str:
    """Return the first line of a secret's file.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: Expected UTF-8") from None
    except ValueError as error:
        raise ConfigError(f"{one_line(path)}: {error}") from None
    if not lines or not lines[0]:
        raise ConfigError(f"{path}: Expected a secret on the first line")
    return lines[0]


def check_usable(where: Broker) -> None:
    """Try the files that a broker's configuration names, before anything else.

    Raises:
        ConfigError: a certificate, key or secret cannot be used.
    """
    tls_context(where)
    if where.password_file is not None:
        read_secret(where.password_file)


def tls_context(where: Broker) -> ssl.SSLContext | None:
    """Return how to encrypt, or None for plain TCP.

    Raises:
        ConfigError: a certificate or key cannot be used.
    """
    if not where.uses_tls:
        return None
    context = trusting(where.ca_file)
    if where.cert_file is not None:
        try:
            context.load_cert_chain(where.cert_file, where.key_file)
        except OSError as error:
            raise ConfigError(f"{where.cert_file}: {in_words(error)}") from None
    return context


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return how to trust the authorities of a PEM file alone, or the system's without one.

    Raises:
        ConfigError: the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigError(f"{ca_file}: {in_words(error)}") from None


def in_words(error: Exception) -> str:
    """Return why a connection failed, as one line for the operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', None) or error}"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved: {error.strerror}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
