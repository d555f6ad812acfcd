"""Runs ``venuewatch rehearse``: its sub-commands, each loaded only when it is called."""

import argparse
import importlib
from typing import Any

_COMMANDS = {
    "plan": "the run sheet of a rehearsal: scenarios by venue, slot and officer",
    "list": "the kinds of scenarios, or the rows of a run sheet",
    "simulate": "false alarms and detection times by class of link, on a virtual clock",
    "run": "play a run sheet on a virtual clock, and write the file of the run",
    "replay": "play one scenario of a run again, by itself",
    "score": "what the monitor made of a run: pass, fail, void or not judged",
    "report": "a run for people: a page, CSV, Markdown, and what is better than in another run",
    "abort": "undo every fault of a run, and let none begin any more",
    "clean": "remove what a killed live rehearsal has left on this machine",
}
"""Sub-commands and what each is for; ``commands/NAME.py`` has ``add_arguments`` and ``run``."""


class _SubParser(argparse.ArgumentParser):
    """Learns what its sub-command takes as soon as it has to parse or to help."""

    name = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Load the sub-command, and parse."""
        if self.name:
            module = importlib.import_module(f"venuewatch.rehearsal.commands.{self.name}")
            self.name = ""
            module.add_arguments(self)
            self.set_defaults(run_rehearsal=module.run)
        return super().parse_known_args(args, namespace)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which sub-commands there are."""
    rehearsals = parser.add_subparsers(
        dest="rehearsal", metavar="REHEARSAL", required=True, parser_class=_SubParser
    )
    for name, summary in _COMMANDS.items():
        command = rehearsals.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.name = name


def run(options: argparse.Namespace) -> int:
    """Run the sub-command that was named; return its exit code."""
    code: int = options.run_rehearsal(options)
    return code
