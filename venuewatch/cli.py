"""Runs the ``venuewatch`` command; a subcommand's code is loaded only when it is called."""

import argparse
import contextlib
import errno
import importlib
import io
import itertools
import re
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

from venuewatch import __version__
from venuewatch.terminal import output

USAGE_ERROR = 2
INTERRUPTED = 130

_COMMANDS = {
    "demo": ("venuewatch.demo.command", "the whole chain on this machine, nothing else installed"),
    "agent": ("agent.__main__", "watch one venue host"),
    "aggregator": ("aggregator.__main__", "receive the fleet's beats, decide, and serve /metrics"),
    "rehearse": ("venuewatch.rehearsal.command", "faults on a virtual clock, judged by the core"),
    "status": (
        "venuewatch.commands.status",
        "the venues, worst first, or all that is known of one; exit 1 when any is not well",
    ),
    "incidents": (
        "venuewatch.commands.incidents",
        "what has failed and why; exit 1 when it is not over",
    ),
    "venue": (
        "venuewatch.venue.command",
        "bring a venue in and out: credentials, access rules, inventory, agents' files",
    ),
    "check-config": (
        "venuewatch.commands.check_config",
        "check configuration files",
    ),
    "check-feed": (
        "venuewatch.commands.check_feed",
        "what a results check would say of a file, a folder or an address",
    ),
    "doctor": (
        "venuewatch.doctor.command",
        "what is wrong with this installation, a line each; exit 1 when anything is",
    ),
}
_EXTRAS = {"demo": "demo", "aggregator": "aggregator", "rehearse": "rehearsal", "venue": "venue"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (0 done, 1 not well, 2 wrong usage)."""
    output.prepare()
    code = 0
    try:
        with output.reader_may_leave():
            code = _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit:  # argparse's, behind a help or a refusal
        output.finish(code)
        raise
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        return output.failed(error)
    return output.finish(code)


def _run(words: Sequence[str]) -> int:
    words = _as_options(words)
    named = next((word for word in words if not word.startswith("-")), None)
    try:
        return _call(named, words)
    except ModuleNotFoundError as error:
        return _lacking(named, error)


def _call(named: str | None, words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="venuewatch",
        description="Heartbeats from many venues over MQTT, as Prometheus metrics.",
        epilog="Try: venuewatch demo",
    )
    parser.add_argument("-V", "--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    module: ModuleType | None = None
    for name, (path, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{name}: {summary}.")
        if name == named:
            module = importlib.import_module(path)
            module.add_arguments(command)
    _refuse_unknown(parser, named, words)
    options = parser.parse_args(words)
    if module is None:
        parser.error("name a command first, then its options")
    code: int = module.run(options)
    return code


def _as_options(words: Sequence[str]) -> Sequence[str]:
    """Return ``help`` and ``help COMMAND`` as the options that mean the same."""
    return [*words[1:], "--help"] if words[:1] == ["help"] else words


def _refuse_unknown(
    parser: argparse.ArgumentParser, named: str | None, words: Sequence[str]
) -> None:
    """End with the nearest known word where the command or an option is unknown."""
    if named is not None and named not in _COMMANDS:
        parser.error(_unknown("command", named, _COMMANDS))
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    known = _options_of(parser, words) if given else set()
    for option in given:
        if not any(each.startswith(option) for each in known):  # argparse takes a beginning
            parser.error(_unknown("option", option, known))


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    from venuewatch.base.refusals import unknown  # noqa: PLC0415 - it loads msgspec

    return unknown(what, word, known)


def _options_of(parser: argparse.ArgumentParser, words: Sequence[str]) -> set[str]:
    """Return the options of the command that the first words name, from its own help."""
    names = itertools.takewhile(lambda word: not word.startswith("-"), words)
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        parser.parse_args([*names, "--help"])
    return set(re.findall(r"--[a-z][a-z.-]*", text.getvalue()))


def _lacking(command: str | None, error: ModuleNotFoundError) -> int:
    """Say which extra brings the package that a command lacks; return the exit code.

    Raises:
        ModuleNotFoundError: no extra brings it.
    """
    ours = {"agent", "aggregator", "venuewatch"}
    if command not in _EXTRAS or (error.name or "").split(".")[0] in ours:
        raise error
    extra = _EXTRAS[command]
    print(
        f"venuewatch {command} needs {error.name}: install the extra `{extra}`, "
        f"in a checkout with pip install '.[{extra}]'",
        file=sys.stderr,
    )
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
