"""``venuewatch rehearse score``: its arguments, its tables and its exit code."""

import argparse
import sys
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venuewatch.base.config import ConfigError, one_line
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.score import marks as marks_of
from venuewatch.rehearsal.score.marks import MEASURES
from venuewatch.rehearsal.score.result import VERDICTS, RunScore, Scored
from venuewatch.rehearsal.score.run import score_run
from venuewatch.terminal import output

MISSED = 1
USAGE_ERROR = 2

_MOST_SHOWN = 50
_WORDS = {"pass": "passed", "fail": "failed", "void": "void", "not_judged": "not judged"}
_SUMMARY = """\
What a monitor made of a run: each scenario by time to detect, to notify and to the right cause, by
scope, by who else was accused, by how often it was told, and by recovery. A scenario that no
witness saw is void; void and not judged are never counted as passed.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse score run.sqlite
      the score of a run, also while it is played
  venuewatch rehearse score run.sqlite --marks strict.toml
      by other limits: docs/rehearsal/scoring.md says which there are
  venuewatch rehearse score run.sqlite --json
      every scenario with every measure, for a program

exit code: 0 all judged scenarios passed, 1 a mark is missed, 2 a file can not be read
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("run_file", metavar="RUN", type=Path, help="the file of a run")
    parser.add_argument(
        "--marks",
        metavar="FILE",
        type=Path,
        default=marks_of.DEFAULT,
        help="limits, in TOML; those that are not in it are as by default",
    )
    parser.add_argument("--json", action="store_true", help="for a program")


def run(options: argparse.Namespace) -> int:
    """Score, print, and return the exit code."""
    try:
        scored = score_run(options.run_file, marks_of.load(options.marks))
    except (RunFileError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    with output.reader_may_leave():
        if options.json:
            print(msgspec.json.format(msgspec.json.encode(as_data(scored)), indent=1).decode())
        else:
            show(output.rich_console(), scored)
    for line in scored.misses:
        print(line, file=sys.stderr)
    return MISSED if scored.misses else 0


def as_data(scored: RunScore) -> dict[str, object]:
    """Return all of a score as JSON has it."""
    return {
        "headline": headline(scored),
        "counts": scored.counts,
        "measures": {name: scored.of_measure(name) for name in MEASURES},
        "misses": scored.misses,
        **msgspec.to_builtins(scored),
    }


def headline(scored: RunScore) -> str:
    """Return the score in one line."""
    counts = scored.counts
    return (
        f"passed {counts['pass']} of {scored.judged} judged;"
        f" {counts['void']} void, {counts['not_judged']} not judged"
    )


def show(console: Console, scored: RunScore) -> None:
    """Print the measures, the scenarios that did not pass, and the headline."""
    console.print(_measures(scored))
    others = [one for one in scored.scored if one.verdict in {"fail", "void"}]
    if others:
        console.print(_scenarios(others[:_MOST_SHOWN]))
    if len(others) > _MOST_SHOWN:
        console.print(f"and {len(others) - _MOST_SHOWN} more: --json has all")
    for alarm in scored.between[:_MOST_SHOWN]:
        line = f"between scenarios: {alarm.subject} ({alarm.cause}) at {alarm.at:.1f} s"
        console.print(Text(one_line(f"{line} of {alarm.world}")))
    console.print(Text(headline(scored), style="bold"))


def _measures(scored: RunScore) -> Table:
    table = Table(title="measures", title_justify="left")
    table.add_column("measure")
    for verdict in VERDICTS:
        table.add_column(_WORDS[verdict], justify="right")
    for heading in ("median", "longest"):
        table.add_column(heading, justify="right")
    for name in MEASURES:
        counts = scored.of_measure(name)
        times = sorted(
            one.measures[name].value_s or 0.0
            for one in scored.scored
            if one.measures[name].value_s is not None
        )
        shown = (f"{median(times):.1f} s", f"{times[-1]:.1f} s") if times else ("", "")
        table.add_row(name, *(str(counts[verdict]) for verdict in VERDICTS), *shown)
    return table


def _scenarios(others: list[Scored]) -> Table:
    table = Table(title="failed and void", title_justify="left")
    table.add_column("number", justify="right")
    for heading in ("kind", "venue", "verdict", "why"):
        table.add_column(heading)
    for one in others:
        whys = {measure.why: None for measure in one.measures.values() if measure.why}
        why = one.why or "; ".join(whys)
        cells = (one.kind, one.venue, _WORDS[one.verdict], why)
        table.add_row(str(one.number), *(Text(one_line(cell)) for cell in cells))
    return table
