"""Reads the agent's configuration, ``agent.toml``."""

import ipaddress
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from agent import checks
from agent.checks import CheckConfig
from venuewatch.base import config
from venuewatch.base.config import ConfigError, Name
from venuewatch.base.refusals import convert, unknown
from venuewatch.base.wire.bounds import PERIOD_MAX_S, PERIOD_MIN_S
from venuewatch.base.wire.links import INTERVAL_MAX_S, KEEPALIVE_MAX_S, Link
from venuewatch.base.wire.messages import Text

HostAndPort = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):[0-9]{1,5}\Z",
        extra={"words": "an address and a port, as in 10.1.0.7:1883", "is_shown": True},
    ),
]

_PORT_MAX = 65_535


KEEPALIVE_S: Mapping[Link, int] = {
    "wired": 5,
    "metro": 5,
    "satellite": 10,
    "cellular": 15,
    "satellite_lossy": 30,
    "bursty": 45,
    "bursty_satellite": 45,
}
"""By class of link: 1.5 times this must outlast the link's usual stalls, or the broker hangs up."""

CHECKS_MAX = 64
"""How many checks a host has at most: the aggregator has no places for more of one host."""


class Place(NamedTuple):
    """One broker's address."""

    address: str
    port: int

    def __str__(self) -> str:
        """The place as people write it, IPv6 in brackets."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class Broker(config.Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Addresses of the brokers, the transport to them, and the class of link.

    ``fallbacks`` (``host:port``) are tried in order while the first broker does not answer.
    ``keepalive_s`` replaces that of the class of link. ``proxy`` (``host:port``): an HTTP proxy
    that is asked for a tunnel to each broker. It resolves their names.
    """

    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = "/mqtt"
    link: Link = "wired"
    keepalive_s: Annotated[int, msgspec.Meta(ge=1, le=int(KEEPALIVE_MAX_S))] | None = None
    fallbacks: tuple[HostAndPort, ...] = ()
    proxy: HostAndPort | None = None
    proxy_username: str | None = None
    proxy_password_file: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for place in (*self.places, *self.connects_to):
            if not 0 < place.port <= _PORT_MAX:
                raise ValueError(f"Expected a port from 1 to {_PORT_MAX}, got {place.port}")
        if self.proxy_username is not None and self.proxy is None:
            raise ValueError("Expected `proxy` beside `proxy_username`")
        if self.proxy_password_file is not None and self.proxy_username is None:
            raise ValueError("Expected `proxy_username` beside `proxy_password_file`")
        if ":" in (self.proxy_username or ""):
            raise ValueError("Expected `proxy_username` to have no colon")
        path = self.websocket_path
        if not (path.startswith("/") and path.isascii() and path.isprintable() and " " not in path):
            raise ValueError("Expected `websocket_path` to be a path without blanks, such as /mqtt")

    @property
    def keepalive(self) -> int:
        """The keepalive (s): the broker drops a session that is silent for 1.5 times this."""
        return KEEPALIVE_S[self.link] if self.keepalive_s is None else self.keepalive_s

    @property
    def places(self) -> tuple[Place, ...]:
        """Every broker, in the order in which they are tried."""
        return Place(self.address, self.port), *map(_place_of, self.fallbacks)

    @property
    def connects_to(self) -> tuple[Place, ...]:
        """Every place that this machine itself connects to: the proxy, or else the brokers."""
        return self.places if self.proxy is None else (_place_of(self.proxy),)


def _place_of(text: str) -> Place:
    address, port = text.rsplit(":", 1)
    return Place(address.strip("[]"), int(port))


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Intervals (s) of beats and of vitals."""

    interval_s: Annotated[float, msgspec.Meta(ge=PERIOD_MIN_S, le=INTERVAL_MAX_S)] = 1.0
    vitals_every_s: Annotated[float, msgspec.Meta(ge=1.0, le=PERIOD_MAX_S)] = 10.0


class SpoolConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The spool's place and its size (bytes), for readings while no aggregator listens.

    Without a ``directory`` it is ``$STATE_DIRECTORY/spool``, as systemd sets it, else ``spool``
    beside the configuration.
    """

    directory: str | None = None
    max_bytes: Annotated[int, msgspec.Meta(ge=65_536)] = 64 * 1024 * 1024


class Probing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Permission to probe neighbours, and the networks (CIDR) for it.

    Without ``networks`` they are those of the machine's own interfaces, but for loopback and
    link-local ones (``agent/probes.py``).
    """

    enabled: bool = True
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for network in self.networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValueError(f"Expected networks such as 10.1.0.0/16: {error}") from None


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. ``host`` is also the client id."""

    venue: Name
    host: Name
    role: Text = ""
    broker: Broker = Broker()
    heartbeat: Heartbeat = Heartbeat()
    spool: SpoolConfig = SpoolConfig()
    probe: Probing = Probing()
    check: Annotated[tuple[Any, ...], msgspec.Meta(max_length=CHECKS_MAX)] = ()


def read(path: Path) -> Config:
    """Read and check a configuration; every ``check`` of it becomes its kind's Config.

    Raises:
        ConfigError: one line that says where it is wrong and what was expected.
    """
    found = config.load(path, Config)
    try:
        typed = tuple(_check(entry, at) for at, entry in enumerate(found.check))
        _refuse_bad_names(typed)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    directory = found.spool.directory or _default_spool(path)
    spool = msgspec.structs.replace(found.spool, directory=directory)
    return msgspec.structs.replace(found, check=typed, spool=spool)


def _refuse_bad_names(checks_of_host: Sequence[CheckConfig]) -> None:
    """Raise ValueError where a name stands twice, or a group has a member that is no check."""
    names = [check.name for check in checks_of_host]
    for check in checks_of_host:
        if names.count(check.name) > 1:
            raise ValueError(f"expected each check's name once, got {check.name} twice")
        for member in getattr(check, "members", ()):
            if member not in names:
                raise ValueError(unknown("check", member, names, at=f"{check.name}'s members"))


def _default_spool(path: Path) -> str:
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return str((Path(state) if state else path.parent) / "spool")


def _check(entry: Any, at: int) -> CheckConfig:
    """Turn one ``[[check]]`` into its kind's Config, importing that kind only.

    Raises:
        ValueError: what is wrong, and where.
    """
    where = f"$.check[{at}]"
    if not isinstance(entry, dict) or "kind" not in entry:
        raise ValueError(f'missing field "kind" at {where} - Known: {", ".join(checks.kinds())}')
    if entry["kind"] not in checks.kinds():
        raise ValueError(unknown("kind", entry["kind"], checks.kinds(), at=f"{where}.kind"))
    module = checks.load(entry["kind"])
    typed: CheckConfig = convert(entry, module.Config, at=where)
    return typed
