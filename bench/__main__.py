"""Runs a bench: ``python -m bench NAME``."""

import argparse
import importlib
import pkgutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import bench
from bench.kit import machine, result
from bench.kit.processes import BenchError
from venuewatch.terminal import output

NOT_WELL = 1
INTERRUPTED = 130

_RESULTS = Path(__file__).parent / "results"
_TEACHING = """\
examples:
  python -m bench ingest                  a table on standard output
  python -m bench ingest --json           the same as JSON
  python -m bench ingest --save           also write bench/results/ingest.json, which is committed
  python -m bench agent --seconds 10 --output try.json
                                          also write try.json

Progress goes to standard error. Every figure is of this machine; the sides of one run were
measured together, so their ratios travel better than their values. A peer that is not installed
is shown as skipped. `python -m bench NAME --help` says what a bench lets you choose.
"""


class Bench(Protocol):
    """A module of this folder that measures something."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the bench's options; ``--seconds`` is always one."""

    def run(self, options: argparse.Namespace) -> result.Result:
        """Measure.

        Raises:
            BenchError: it cannot be measured here.
        """


def found() -> dict[str, Bench]:
    """Return every bench in this folder by its name; packages are no benches."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if not module.ispkg and not module.name.startswith("_")
    )
    return {name: cast("Bench", importlib.import_module(f"bench.{name}")) for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 1 if something could not be measured."""
    benches = found()
    options = _parser(benches).parse_args(arguments)
    facts = machine.facts()
    try:
        measured = benches[options.bench].run(options)
    except BenchError as error:
        print(f"{options.bench}: {error}", file=sys.stderr)
        return NOT_WELL
    except KeyboardInterrupt:
        return INTERRUPTED
    content = result.document(options.bench, facts, measured)
    kept = _RESULTS / f"{options.bench}.json" if options.save else options.output
    if kept is not None:
        result.save(kept, content)
    as_json = result.as_json(content)
    with output.reader_may_leave():
        print(as_json if options.json else result.as_table(options.bench, facts, measured), end="")
    return output.finish(0)


def _parser(benches: dict[str, Bench]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures venuewatch beside its peers, on this machine, with real programs.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = parser.add_subparsers(dest="bench", metavar="NAME", required=True)
    for name, module in benches.items():
        one = names.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        one.add_argument("--json", action="store_true", help="print JSON instead of a table")
        kept = one.add_mutually_exclusive_group()
        kept.add_argument(
            "--save", action="store_true", help=f"also write bench/results/{name}.json"
        )
        kept.add_argument("--output", type=Path, metavar="FILE", help="also write the JSON to FILE")
        module.add_arguments(one)
    return parser


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):  # like Ctrl-C: nothing that we started stays
        signal.signal(ending, signal.default_int_handler)
    sys.exit(main())
