"""The agent's configuration: ``agent.toml``."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from agent import checks
from agent.checks import CheckConfig, Name
from venuewatch import config
from venuewatch.config import ConfigError, Seconds


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
    check: tuple[Any, ...] = ()


def read(path: Path) -> Config:
    """Read and check a configuration; every ``check`` of it becomes its kind's Config.

    Raises:
        ConfigError: one line that says where it is wrong and what was expected.
    """
    found = config.load(path, Config)
    try:
        typed = tuple(_check(entry, at) for at, entry in enumerate(found.check))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    names = [check.name for check in typed]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: Expected each check's name once, got {name} twice")
    return msgspec.structs.replace(found, check=typed)


def _check(entry: Any, at: int) -> CheckConfig:
    """Turn one ``[[check]]`` into its kind's Config, importing that kind only.

    Raises:
        ValueError: what is wrong, and where.
    """
    where = f"$.check[{at}]"
    if not isinstance(entry, dict) or "kind" not in entry:
        raise ValueError(f"Expected a `kind`, one of {', '.join(checks.kinds())} - at `{where}`")
    try:
        module = checks.load(str(entry["kind"]))
    except ValueError as error:
        raise ValueError(f"{error} - at `{where}.kind`") from None
    try:
        typed: CheckConfig = msgspec.convert(entry, module.Config)
    except msgspec.ValidationError as error:
        what = str(error)
        raise ValueError(
            what.replace("`$", f"`{where}", 1) if "`$" in what else f"{what} - at `{where}`"
        ) from None
    return typed
