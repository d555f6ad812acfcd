"""The agent's configuration: ``agent.toml``."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from venuewatch import config
from venuewatch.config import Seconds

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-][A-Za-z0-9._-]{0,63}$")]


class Broker(config.Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the broker is, and over which transport."""

    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = "/mqtt"


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often (s) the agent says that it lives, and how its machine is."""

    interval_s: Seconds = 1.0
    vitals_every_s: Seconds = 10.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. ``host`` is also the client id, and the username unless another is given."""

    venue: Name
    host: Name
    role: str = ""
    broker: Broker = Broker()
    heartbeat: Heartbeat = Heartbeat()


def read(path: Path) -> Config:
    """Read and check a configuration.

    Raises:
        ConfigError: one line that says where it is wrong and what was expected.
    """
    return config.load(path, Config)
