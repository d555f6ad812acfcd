"""``venuewatch check-config``: says whether our configuration files are right."""

import argparse
import importlib
import sys
import tomllib
from pathlib import Path

from venuewatch.base.config import ConfigError, one_line

USAGE_ERROR = 2

_READERS = {
    "agent": "agent.config",
    "aggregator": "aggregator.config",
    "inventory": "aggregator.inventory",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "file", type=Path, nargs="+", help="agent.toml, aggregator.toml, inventory.toml"
    )


def run(options: argparse.Namespace) -> int:
    """Check every file; return 0 if all are right, else 2 with a line for each that is not."""
    code = 0
    for path in options.file:
        try:
            kind = _kind_of(path)
            importlib.import_module(_READERS[kind]).read(path)
        except ConfigError as error:
            print(error, file=sys.stderr)
            code = USAGE_ERROR
        else:
            print(f"{path}: a right {kind} configuration")
    return code


def _kind_of(path: Path) -> str:
    """Tell what a file configures: an inventory has tables of venues, an agent has one venue."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not a path, not UTF-8, not TOML
        raise ConfigError(f"{one_line(path)}: {one_line(error)}") from None
    if isinstance(content.get("venue"), list):
        return "inventory"
    return "agent" if "host" in content or "venue" in content else "aggregator"
