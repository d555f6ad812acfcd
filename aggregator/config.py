"""The aggregator's configuration: ``aggregator.toml``."""

import os
from pathlib import Path
from typing import Annotated

import msgspec

from aggregator.core.detector import AWAY_LIMIT_S
from venuewatch import config
from venuewatch.config import KeepaliveS, Name, Seconds

ListenAddress = Annotated[
    str, msgspec.Meta(pattern=r"\A(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*):[0-9]{1,5}\Z")
]
_PORT_MAX = 65_535


def host_and_port(listen_address: str) -> tuple[str | None, int]:
    """Take a listen address apart; None is every interface."""
    host, _, port = listen_address.rpartition(":")
    return host.strip("[]") or None, int(port)


class Broker(config.Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the broker is.

    ``keepalive_s``: it gives a silent connection up after 1.5 times this (MQTT 5, 3.1.2.10).
    """

    keepalive_s: KeepaliveS = 5


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where HTTP is served; an empty host in ``listen_address`` means every interface."""

    listen_address: ListenAddress = "127.0.0.1:8039"

    def __post_init__(self) -> None:
        _, port = host_and_port(self.listen_address)
        if port > _PORT_MAX:
            raise ValueError(f"Expected a port up to {_PORT_MAX}, got {port}")


class Detection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How patient the verdicts are. ``away_limit_s``: how long a farewell is believed (s)."""

    away_limit_s: Seconds = AWAY_LIMIT_S


class JournalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where late readings are stored, and for how long (days).

    Without a ``path`` it is ``journal.sqlite`` in ``$STATE_DIRECTORY``, as systemd sets it, else
    beside the configuration.
    """

    path: str | None = None
    keep_days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] = 30.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. ``name`` is the client id at the broker: two aggregators need two names."""

    inventory: str = "inventory.toml"
    name: Name = "aggregator"
    broker: Broker = Broker()
    web: Web = Web()
    detection: Detection = Detection()
    journal: JournalConfig = JournalConfig()


def read(path: Path) -> Config:
    """Read and check a configuration; ``inventory`` is relative to the file that names it.

    Raises:
        ConfigError: one line that says where it is wrong and what was expected.
    """
    read_config = config.load(path, Config)
    inventory = str(path.parent / read_config.inventory)
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    default = (Path(state) if state else path.parent) / "journal.sqlite"
    journal = msgspec.structs.replace(
        read_config.journal, path=str(path.parent / (read_config.journal.path or default))
    )
    return msgspec.structs.replace(read_config, inventory=inventory, journal=journal)
