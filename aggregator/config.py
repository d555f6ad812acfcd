"""The aggregator's configuration: ``aggregator.toml``."""

from pathlib import Path
from typing import Annotated

import msgspec

from aggregator.core.detector import AWAY_LIMIT_S
from venuewatch import config
from venuewatch.config import Broker, Seconds

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-][A-Za-z0-9._-]{0,63}$")]
ListenAddress = Annotated[str, msgspec.Meta(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*):[0-9]{1,5}$")]


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where HTTP is served; an empty host in ``listen_address`` means every interface."""

    listen_address: ListenAddress = "127.0.0.1:8039"


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How patient the verdicts are. ``away_limit_s``: how long a farewell is believed (s)."""

    away_limit_s: Seconds = AWAY_LIMIT_S


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. ``name`` is the client id at the broker: two aggregators need two names."""

    inventory: str = "inventory.toml"
    name: Name = "aggregator"
    broker: Broker = Broker()
    web: Web = Web()
    detection: Detection = Detection()


def read(path: Path) -> Config:
    """Read and check a configuration; ``inventory`` is relative to the file that names it.

    Raises:
        ConfigError: one line that says where it is wrong and what was expected.
    """
    read_config = config.load(path, Config)
    inventory = str(path.parent / read_config.inventory)
    return msgspec.structs.replace(read_config, inventory=inventory)


def host_and_port(listen_address: str) -> tuple[str | None, int]:
    """Take a listen address apart; None is every interface."""
    host, _, port = listen_address.rpartition(":")
    return host.strip("[]") or None, int(port)
