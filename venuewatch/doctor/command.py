"""Runs ``venuewatch doctor``: says what is wrong with an installation, one line each.

Without a file it looks at what is installed here: ``agent.toml`` and ``aggregator.toml`` in
``/etc/venuewatch``.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from venuewatch.base.config import ConfigError
from venuewatch.doctor.checks import all_checks
from venuewatch.doctor.findings import STYLES, Finding, examine, is_any_wrong
from venuewatch.doctor.site import Site
from venuewatch.terminal import output, style

NOT_WELL = 1
USAGE_ERROR = 2

INSTALLED: Final = (Path("/etc/venuewatch/agent.toml"), Path("/etc/venuewatch/aggregator.toml"))


class FindingJson(msgspec.Struct, frozen=True):
    """One line of ``--json``: the configuration, the check, its state, and what to do."""

    config: str
    check: str
    state: str
    text: str
    todo: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "config",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="agent.toml or aggregator.toml; those in /etc/venuewatch unless named",
    )
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="on a venue's host: the inventory, to compare names and reach the neighbours",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each finding")
    parser.add_argument(
        "--all", action="store_true", help="also what is well, and what was not looked at"
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings; return 1 if anything is wrong, 2 for a file that can't be read."""
    paths = options.config or [path for path in INSTALLED if _may_be_there(path)]
    if not paths:
        named = " and no ".join(map(str, INSTALLED))
        print(f"nothing to look at: there is no {named}; name a file", file=sys.stderr)
        return USAGE_ERROR
    found: list[Finding] = []
    is_any_unread = False
    for path in paths:
        try:
            site = Site(path, inventory=options.inventory)
        except ConfigError as error:
            print(error, file=sys.stderr)
            is_any_unread = True
            continue
        ours = list(examine(all_checks(), site, site.place))
        found += ours
        lines = _in_json(site, ours) if options.json else _in_words(site, ours, is_all=options.all)
        output.show(lines)
    if is_any_unread:
        return USAGE_ERROR
    return NOT_WELL if is_any_wrong(found) else 0


def _may_be_there(path: Path) -> bool:
    """Tell whether there is a file; one in a folder that is closed to us may be."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _in_json(site: Site, found: Sequence[Finding]) -> Iterator[str]:
    for each in found:
        line = FindingJson(str(site.path), each.check, each.state, each.text, each.todo)
        yield msgspec.json.encode(line).decode()


def _in_words(site: Site, found: Sequence[Finding], *, is_all: bool) -> list[str]:
    """Return what is wrong and what is not known, or all of it, and a line that sums it up."""
    shown = [each for each in found if is_all or each.state in ("wrong", "unknown")]
    lines = [style.Line(each.line, STYLES[each.state]) for each in shown]
    faults = sum(each.state == "wrong" for each in found)
    unseen = sum(each.state == "unknown" for each in found)
    total = f"{site.path}: {faults} wrong, {unseen} not known, {len(found)} looked at"
    lines.append(style.Line(total, "critical" if faults else "well"))
    return style.painted(lines, has_colours=style.screen().has_colours)
