"""Runs ``venuewatch venue``: its sub-commands, each loaded only when it is called."""

import argparse
import importlib
import importlib.util
from typing import Any

_COMMANDS = {
    "add": "bring a venue in: credentials, access rules, inventory, agents' files",
    "list": "venues and hosts, and how long their certificates are valid",
    "revoke": "end a host's right to speak, at once, and prove it",
    "renew": "new certificates, and new lists of revoked ones",
    "remove": "take a venue out, without an alarm",
    "bundle": "one archive with all that a venue's hosts need to install",
    "backup": "write all that a new machine needs to go on as this centre",
    "restore": "go on as the centre of a backup",
}
"""Sub-commands and what each is for; ``commands/NAME.py`` has ``add_arguments`` and ``run``."""

_FOLDER = "venuewatch.venue.commands"


class _SubParser(argparse.ArgumentParser):
    """Learns what its sub-command takes as soon as it has to parse or to help."""

    name = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Load the sub-command, and parse."""
        if self.name:
            module = importlib.import_module(f"{_FOLDER}.{self.name}")
            self.name = ""
            module.add_arguments(self)
            self.set_defaults(run_venue=module.run)
        return super().parse_known_args(args, namespace)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which sub-commands there are: those that have a module."""
    commands = parser.add_subparsers(
        dest="venue_command", metavar="COMMAND", required=True, parser_class=_SubParser
    )
    for name, summary in _COMMANDS.items():
        if importlib.util.find_spec(f"{_FOLDER}.{name}") is not None:
            command = commands.add_parser(
                name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
            )
            command.name = name


def run(options: argparse.Namespace) -> int:
    """Run the sub-command that was named; return its exit code."""
    code: int = options.run_venue(options)
    return code
