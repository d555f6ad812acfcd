"""Reads configuration files: TOML, decoded whole into frozen structs, unknown keys refused.

A refusal is one line: the file, the place in it, what was expected and what was got. Secrets are
named by the path of the file that holds them, never written into a configuration.
"""

import errno
import os
import re
import socket
import ssl
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from venuewatch.base.files import CONFIG_MAX, SECRET_MAX, check_regular, read_regular
from venuewatch.base.refusals import convert
from venuewatch.base.wire.bounds import NAME, PERIOD_MAX_S, PERIOD_MIN_S
from venuewatch.base.wire.links import RECONNECT_MAX_S

T = TypeVar("T")

FAILED = 1
USAGE_ERROR = 2

_PASSING = frozenset(  # of the machine, not of what the file says
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"\A{NAME}\Z",
        extra={
            "words": "1 to 64 letters, digits, dots, dashes or underscores, not beginning with _",
            "is_shown": True,
        },
    ),
]
KeepaliveS = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Seconds = Annotated[float, msgspec.Meta(ge=PERIOD_MIN_S, le=PERIOD_MAX_S)]


class ConfigError(Exception):
    """A configuration cannot be used; its text is the one line for the operator.

    Attributes:
        is_passing: whether the same configuration may be of use at the next start.
    """

    def __init__(self, text: str, *, because: Exception | None = None) -> None:
        super().__init__(text)
        self.is_passing = isinstance(because, OSError) and because.errno in _PASSING

    @property
    def exit_code(self) -> int:
        """What a program ends with: 2 is for what another start does not mend."""
        return FAILED if self.is_passing else USAGE_ERROR


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The MQTT broker's address, and the credentials for it.

    TLS is used when ``tls`` is true or any of the TLS files is named; without ``ca_file`` the
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
        """True where the connection is to be encrypted."""
        return self.tls or self.ca_file is not None or self.cert_file is not None


def load(path: Path, kind: type[T]) -> T:
    """Read the TOML file at ``path`` into a ``kind``.

    Raises:
        ConfigError: it cannot be read, is not TOML, or does not fit ``kind``.
    """
    content = read_toml(path)
    try:
        return convert(content, kind)
    except ValueError as error:
        raise ConfigError(f"{path}: {one_line(error)}") from None


def read_toml(path: Path) -> dict[str, object]:
    """Return the tables of the TOML file at ``path``.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    text = _read(path, CONFIG_MAX)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path}: expected TOML, got brackets nested too deeply") from None
    except ValueError as error:  # tomllib's own, or a number that Python does not take
        raise ConfigError(f"{path}: expected TOML: {one_line(error)}") from None


def _read(path: Path, bytes_max: int) -> str:
    try:
        return read_regular(path, bytes_max).decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8, got another byte at {error.start}") from None
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def unusable(path: object, error: OSError | ValueError) -> ConfigError:
    """Return why a file can't be used; a ValueError is of a path that no system has."""
    words = in_words(error) if isinstance(error, OSError) else one_line(error)
    return ConfigError(f"{one_line(path)}: {words}", because=error)


def one_line(text: object) -> str:
    """Return a text as one line that a terminal can show."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text))


def read_secret(path: str) -> str:
    """Return the first line of a secret's file.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    lines = _read(Path(path), SECRET_MAX).splitlines()
    if not lines or not lines[0]:
        raise ConfigError(f"{path}: expected a secret on the first line")
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
        check_file(where.cert_file)
        if where.key_file is not None:
            check_file(where.key_file)
        try:
            context.load_cert_chain(where.cert_file, where.key_file)
        except (OSError, ValueError) as error:
            raise unusable(where.cert_file, error) from None
    return context


def check_file(path: str | Path) -> None:
    """Check that a path leads to a regular file: OpenSSL would wait for a pipe.

    Raises:
        ConfigError: it does not.
    """
    try:
        check_regular(path)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return how to trust the authorities of a PEM file alone, or the system's without one.

    Raises:
        ConfigError: the file cannot be used.
    """
    if ca_file is not None:
        check_file(ca_file)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise unusable(ca_file, error) from None


_WORDS = {
    errno.EACCES: "permission denied: may this user read and write it?",
    errno.EADDRINUSE: "another program listens there already",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ECONNREFUSED: "nothing listens there",
    errno.ECONNRESET: "the connection was closed by the other side",
    errno.EHOSTUNREACH: "that host cannot be reached from here",
    errno.EMFILE: "too many files and connections are open",
    errno.ENETUNREACH: "that network cannot be reached from here",
    errno.ENOSPC: "the disk is full",
    errno.EPIPE: "the connection was closed by the other side",
}
_ERRNO = re.compile(r"\[Errno (-?\d+)\]")


def in_words(error: Exception | str, *, at: str = "", who: str = "broker") -> str:
    """Return why something failed, as one line for the operator and without a number.

    ``at``: the address and port that were asked, where ``who`` should listen.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the {who}'s certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', None) or error}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved: {error.strerror}"
    if isinstance(error, UnicodeError):  # the codec of host names, with other words in each Python
        return "the address is not a host name"
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (found := _ERRNO.search(str(error))):  # asyncio's, of many addresses
        number = int(found[1])
    if number == errno.ECONNREFUSED and at:
        return f"nothing listens at {one_line(at)}: is the {who} running?"
    if number is None:
        return one_line(error)
    return _WORDS.get(number) or os.strerror(number)
