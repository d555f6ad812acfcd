"""Parses addresses of pages and ports, and decides which redirects may be followed."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
_MAX_LENGTH = 4096
_ENDPOINT = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})", re.ASCII
)
_PORT_MAX = 65_535


class Url(NamedTuple):
    """One page. ``path`` is what the request line asks for, with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """The host as the ``Host`` field has it: the port only where it is not the usual one."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """The server of the page; fields with secrets go to no other."""
        return self.scheme, self.host, self.port


def parse(text: str) -> Url:
    """Read an address.

    Raises:
        ValueError: it is none that can be asked for.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError("Expected an address of at most 4096 characters")
    parts = urlsplit(text)
    if parts.scheme not in _PORTS:
        raise ValueError("Expected an address that begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Expected an address without a password; use `field_files`")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        raise ValueError("Expected a host name or IP in the address")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    return Url(parts.scheme, host, port, quote(path + query, safe="/%:=&?~#+!$,;'@()*[]|^`{}\"<>"))


def redirected(url: Url, location: str) -> Url:
    """Return where a redirect leads to; never from https to http.

    Raises:
        ValueError: it leads nowhere, or where a check does not follow.
    """
    found = parse(urljoin(f"{url.scheme}://{url.netloc}{url.path}", location))
    if url.scheme == "https" and found.scheme == "http":
        raise ValueError("Expected a redirect to stay with https")
    return found


def endpoint(text: str) -> tuple[str, int]:
    """Return a host name or IP address, and the port; IPv6 stands in brackets, as in a URL.

    Raises:
        ValueError: it is not these two.
    """
    found = _ENDPOINT.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= _PORT_MAX:
        raise ValueError("Expected a host and a port, as in 10.1.0.30:3601 or [fd00::7]:3601")
    return found["v6"] or found["host"], int(found["port"])


def own_endpoint(text: str) -> tuple[str, int]:
    """Return an IP address to listen at, and the port; raises ValueError, too."""
    try:
        address, port = endpoint(text)
        ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(
            "Expected an IP address and a port, as in 0.0.0.0:5100 or [::]:5100"
        ) from None
    return address, port
