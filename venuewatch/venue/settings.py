"""The settings of ``venuewatch venue``: ``venues.toml``, beside the aggregator's configuration."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from venuewatch.base import config
from venuewatch.base.config import ConfigError, Name, Port, one_line
from venuewatch.base.in_toml import table
from venuewatch.base.refusals import convert
from venuewatch.venue.hosts_csv import is_address

DEFAULT: Final = Path("/etc/venuewatch/venues.toml")
NAME_MAX: Final = 56
"""How long a name may be to which a kind is put before, as ``_centre-``: a certificate takes 64."""

_WHERE: Final = re.compile(r"(?:\[(?P<inside>[^]]*)\]|(?P<host>[^:]*))(?::(?P<port>[0-9]{1,5}))?")
_PATHS: Final = (
    "pki",
    "inventory",
    "agents",
    "nftables_file",
    "acl_file",
    "broker_folder",
    "centre_folder",
)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file; paths are relative to it.

    ``broker_address``, ``broker_port``: where hosts reach the broker; its certificate is for that
    address. ``aggregators``: their names. ``pki``: the folder of the authority. ``inventory``: the
    aggregator's; venues are written into ``inventory.d`` beside it. ``agents``: the folder of the
    hosts' configurations. ``acl_file``: the broker's access rules; ``broker_folder``: its
    certificates and lists. ``centre_folder``: the credentials of the aggregators.
    ``nftables_file``: the venues' part of the packet filter. ``months``: so long a host's
    certificate is valid. ``reload_broker``, ``reload_aggregator``: the commands that have them read
    their files again. ``broker_group``, ``aggregator_group``: who may read their files beside root.
    """

    broker_address: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    broker_port: Port = 8883
    aggregators: tuple[Name, ...] = ("aggregator",)
    pki: str = "pki"
    inventory: str = "inventory.toml"
    agents: str = "agents"
    acl_file: str = "/etc/mosquitto/venuewatch.acl"
    broker_folder: str = "/etc/mosquitto/venuewatch"
    nftables_file: str = "venues.nft"
    broker_group: str = "mosquitto"
    centre_folder: str = "centre"
    aggregator_group: str = "venuewatch-aggregator"
    months: Annotated[int, msgspec.Meta(ge=1, le=24)] = 6
    reload_broker: tuple[str, ...] = ("systemctl", "reload", "mosquitto")
    reload_aggregator: tuple[str, ...] = ("systemctl", "reload", "venuewatch-aggregator")

    def __post_init__(self) -> None:
        if not self.aggregators or len(set(self.aggregators)) < len(self.aggregators):
            raise ValueError("Expected `aggregators` to be one name or more, each once")
        if max(map(len, self.aggregators)) > NAME_MAX:
            raise ValueError(f"Expected `aggregators` to have {NAME_MAX} characters each at most")
        if not is_address(self.broker_address):
            raise ValueError(
                "Expected `broker_address` to be a host's name or an address, without a port"
            )


def read(path: Path) -> Settings:
    """Read the settings; their paths are whole.

    Raises:
        ConfigError: one line for the operator.
    """
    if not path.exists():
        raise ConfigError(
            f'{path}: expected a file that says broker_address = "…", the name or address under '
            "which venues reach the broker; or name it: --broker ADDRESS"
        )
    return whole(config.load(path, Settings), path)


def decoded(content: bytes, path: Path) -> Settings:
    """Return the settings that are to stand at ``path``.

    Raises:
        ConfigError: one line for the operator.
    """
    try:
        return whole(convert(tomllib.loads(content.decode()), Settings), path)
    except ValueError as error:
        raise ConfigError(f"{path}: {one_line(error)}") from None


def whole(settings: Settings, path: Path) -> Settings:
    """Return settings whose paths are no longer relative to their file."""
    paths = {name: str(path.parent / getattr(settings, name)) for name in _PATHS}
    return replace(settings, **paths)


def first(path: Path, address: str) -> tuple[Settings, bytes]:
    """Return the settings of a new centre, and the content of their file.

    Raises:
        ConfigError: there can be no such broker.
    """
    said: dict[str, object] = {"broker_address": address}  # of IPv6, or one that is refused
    parts = None if is_address(address) else _WHERE.fullmatch(address)
    if parts is not None:
        said["broker_address"] = parts["host"] or parts["inside"] or ""
        if parts["port"]:
            said["broker_port"] = int(parts["port"])
    try:
        found = convert(said, Settings)
    except ValueError as error:
        raise ConfigError(f"--broker: {error}") from None
    head = "# Settings of venuewatch venue. All others have a default: docs/venues.md.\n"
    return whole(found, path), (head + table(said)).encode()
