"""``venuewatch rehearse report``: its arguments, its files and its exit code."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.rehearsal.commands.score import MISSED, USAGE_ERROR
from venuewatch.rehearsal.reporting import improvements
from venuewatch.rehearsal.reporting.build import build
from venuewatch.rehearsal.reporting.files import in_csv, in_html
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.reporting.lines import show
from venuewatch.rehearsal.reporting.markdown import in_markdown
from venuewatch.rehearsal.reporting.model import Report
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.score import marks as marks_of
from venuewatch.terminal import output

_SUMMARY = """\
The report of a run: verdicts by venue, kind, cause and policy, and with the run sheet by officer
and hour; distributions of times; failed scenarios with their timeline; what to improve. Void and
not judged are never counted as passed.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse report run.sqlite --plan plan
      on the terminal, with officers and hours of the run sheet
  venuewatch rehearse report run.sqlite --html report.html --csv report.csv
      one page that asks for nothing, and a line for each scenario
  venuewatch rehearse report run.sqlite --against friday.sqlite
      which kinds are better and worse than in another run

exit code: 0 all judged scenarios passed, 1 a mark is missed, 2 a file can not be used
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("run_file", metavar="RUN", type=Path, help="the file of a run")
    files = {
        "--plan": ("PLAN", "the run sheet: its folder, or its TOML file"),
        "--against": ("RUN", "another run, to compare with"),
        "--improvements": ("FILE", "who mends what until when, in TOML"),
        "--html": ("FILE", "write the page there"),
        "--csv": ("FILE", "write a line for each scenario there"),
        "--markdown": ("FILE", "write it as Markdown there"),
    }
    for name, (metavar, summary) in files.items():
        parser.add_argument(name, metavar=metavar, type=Path, help=summary)
    parser.add_argument(
        "--marks",
        metavar="FILE",
        type=Path,
        default=marks_of.DEFAULT,
        help="limits, in TOML; those that are not in it are as by default",
    )


def run(options: argparse.Namespace) -> int:
    """Report, write the files, and return the exit code."""
    try:
        _check_apart(options)
        report = _report(options)
        for path, text in _files(options, report):
            _write(path, text)
    except (RunFileError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    with output.reader_may_leave():
        show(output.rich_console(), report)
    for line in report.misses:
        print(line, file=sys.stderr)
    return MISSED if report.misses else 0


def _check_apart(options: argparse.Namespace) -> None:
    """Check that no file is written that is read, and none twice."""
    read = (options.run_file, options.plan, options.against, options.improvements, options.marks)
    taken = {path.absolute() for path in read if path}
    for path in (options.html, options.csv, options.markdown):
        if path and path.absolute() in taken:
            raise ConfigError(f"{one_line(path)}: expected a file of its own to write to")
        taken |= {path.absolute()} if path else set()


def _report(options: argparse.Namespace) -> Report:
    marks = marks_of.load(options.marks)
    assigned = improvements.load(options.improvements) if options.improvements else ()
    found = gather(options.run_file, marks, options.plan)
    against = gather(options.against, marks) if options.against else None
    return build(found, against=against, assigned=assigned)


def _files(options: argparse.Namespace, report: Report) -> Iterator[tuple[Path, str]]:
    if options.html:
        yield options.html, in_html(report)
    if options.csv:
        yield options.csv, in_csv(report)
    if options.markdown:
        yield options.markdown, in_markdown(report)


def _write(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    try:
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text, encoding="utf-8", newline="", errors="replace")
        beside.replace(path)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
