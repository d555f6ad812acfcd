"""Settings of a door for pushes, as the kinds of checks with such a door have them."""

import importlib
import ssl
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from agent.checks import about, worded
from agent.checks.net.peers import Peers, is_own
from agent.checks.results_feed.door import Desk, Door
from venuewatch.base.config import check_file, read_secret

FilePath: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)] | None
Header: TypeAlias = Annotated[
    str, worded(r"\A[A-Za-z0-9-]{1,64}\Z", "1 to 64 letters, digits or dashes")
]
ApiKeyFile: TypeAlias = Annotated[
    FilePath,
    about("file whose first line is the key that pushes carry", "/etc/venuewatch/feed.key"),
]
ApiKeyHeader: TypeAlias = Annotated[Header, about("header of the key", "Authorization")]
PeerNames: TypeAlias = Annotated[
    tuple[str, ...],
    about(
        "addresses and networks that may push; all if empty",
        ["10.1.0.7", "10.2.0.0/24"],
        max_length=64,
    ),
]
CertFile: TypeAlias = Annotated[
    FilePath, about("certificate chain (PEM) to listen with TLS", "/etc/venuewatch/feed.crt")
]
KeyFile: TypeAlias = Annotated[FilePath, about("its private key (PEM)", "/etc/venuewatch/feed.pem")]


def refuse_open_door(address: str, *, has_key: bool, peers: Sequence[str], has_pair: bool) -> None:
    """Refuse a door that others than those who are meant could push to.

    ``has_pair``: a certificate and its key, or neither.

    Raises:
        ValueError: it is open to too many, or can't be opened.
    """
    if not has_pair:
        raise ValueError("Expected `cert_file` and `key_file` together")
    try:
        found = Peers(peers)
    except ValueError as error:
        raise ValueError(f"{error} in `peers`") from None
    if not has_key and found.names_loopback:
        raise ValueError(
            "Expected `api_key_file`, or no loopback address in `peers`: pages in a "
            "browser of this machine send from it"
        )
    if not (is_own(address) or has_key or peers):
        raise ValueError("Expected `api_key_file` or `peers` to listen beyond this machine")


def opened(  # noqa: PLR0913 - as many settings as a door has
    where: tuple[str, int],
    max_bytes: int,
    desk: Desk,
    *,
    api_key_file: str | None,
    api_key_header: str,
    peers: Sequence[str],
    cert_file: str | None,
    key_file: str | None,
) -> Any:
    """Return a receiver that listens: its module costs memory, so it is imported only here.

    Raises:
        OSError, ConfigError: the address or a file is of no use.
    """
    module = importlib.import_module("agent.checks.results_feed.receiver")
    key = None if api_key_file is None else read_secret(api_key_file).encode()
    tls = None
    if cert_file is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        for path in filter(None, (cert_file, key_file)):
            check_file(path)
        tls.load_cert_chain(cert_file, key_file)
    door = Door(*where, max_bytes, api_key_header.lower(), key, tls)
    if peers:
        door = door._replace(peers=Peers(peers))
    return module.Receiver(door, desk)
