"""Runs ``venuewatch check-config``: reads configuration files, and reports the first error."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from venuewatch.base.config import ConfigError, read_toml
from venuewatch.base.secret_files import check_secrets

USAGE_ERROR = 2

_READERS = {
    "agent": "agent.config",
    "aggregator": "aggregator.config",
    "inventory": "aggregator.inventory",
    "venues": "venuewatch.venue.settings",
    "web": "aggregator.shell.http.web_config",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="agent.toml, aggregator.toml, inventory.toml, venues.toml, web.yml",
    )


def run(options: argparse.Namespace) -> int:
    """Check every file; return 0 if all are valid, else 2 with a line for each that is not."""
    code = 0
    for path in options.file:
        try:
            kind = _kind_of(path)
            module = importlib.import_module(_READERS[kind])
            is_whole = kind == "inventory" and path.parent.name != "inventory.d"
            settings = module.read_all(path) if is_whole else module.read(path)
            if kind == "web":
                module.check_private(path, settings)
            else:
                check_secrets(settings)
        except ConfigError as error:
            print(error, file=sys.stderr)
            code = USAGE_ERROR
        else:
            print(f"{path}: valid {kind} configuration")
            if kind == "agent":
                _show_profiles(settings.check)
    return code


def _show_profiles(checks: Sequence[Any]) -> None:
    """Print what profiles set, as the file itself does not say it."""
    for check in checks:
        if name := getattr(check, "profile", ""):
            profiles = importlib.import_module("agent.checks.profiles")
            print(f"{check.name} has from the profile {name}:")
            print(*(f"  {line}" for line in profiles.shown(check, name)), sep="\n")


def _kind_of(path: Path) -> str:
    """Return the kind of a file: an inventory has tables of venues, an agent has one venue.

    The settings of ``venuewatch venue`` have the address of the broker on top. YAML is a web
    configuration.
    """
    if path.suffix in {".yml", ".yaml"}:
        return "web"
    content = read_toml(path)
    if isinstance(content.get("venue"), list):
        return "inventory"
    if "broker_address" in content:
        return "venues"
    return "agent" if "host" in content or "venue" in content else "aggregator"
