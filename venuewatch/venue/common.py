"""Holds what all commands of ``venuewatch venue`` have in common: options, begin, end, reloads."""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from venuewatch.base.config import USAGE_ERROR, ConfigError, in_words, one_line, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.terminal import output
from venuewatch.venue import changes, passphrase, settings
from venuewatch.venue.authority import folder
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import Change
from venuewatch.venue.settings import Settings

SHOWN_MAX: Final = 40
"""How many lines about a bad file are shown."""

_NAMED_MAX: Final = 5
_RELOAD_S: Final = 5.0


def add_options(parser: argparse.ArgumentParser, *, changes_files: bool = True) -> None:
    """Say which options every command takes."""
    parser.add_argument(
        "--settings",
        type=Path,
        default=settings.DEFAULT,
        metavar="FILE",
        help=f"the centre's settings ({settings.DEFAULT})",
    )
    if changes_files:
        parser.add_argument(
            "--passphrase-file",
            type=Path,
            metavar="FILE",
            help="the passphrase of the authority, in a file that only its owner may read; without "
            "it a systemd credential, or it is asked for",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")


def opened(options: argparse.Namespace, found: Settings) -> Authorities:
    """Return the authorities that are there.

    Raises:
        ConfigError: there are none, or they can not be opened.
    """
    pki = Path(found.pki)
    if not folder.exists(pki):
        raise ConfigError(f"{pki}: expected an authority: venuewatch venue add makes the first")
    return folder.open_folder(pki, passphrase.read(options.passphrase_file, is_new=False))


def few(names: Sequence[str]) -> str:
    """Return names in a line; of many the first, and how many more there are."""
    left = len(names) - _NAMED_MAX
    return ", ".join(names[:_NAMED_MAX]) + (f" and {left:,} more" if left > 0 else "")


def content_of(path: Path) -> bytes:
    """Return what is in a file that an operator has named.

    Raises:
        ConfigError: it can not be read.
    """
    try:
        return read_regular(path, CONFIG_MAX)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def guarded(work: Callable[[], int]) -> int:
    """Do the work of a command; a refusal is one line, and its exit code."""
    try:
        return work()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:  # a folder on the way may not be entered, and the like
        if error.filename is None:
            raise
        refusal = unusable(error.filename, error)
        print(refusal, file=sys.stderr)
        return refusal.exit_code


def refuse(wrong: Iterable[tuple[Path, Sequence[str]]]) -> int:
    """Print every line that is wrong in files; return the exit code, 0 where none is."""
    lines = [f"{path}: {line}" for path, each in wrong for line in each]
    for line in lines[:SHOWN_MAX]:
        print(line, file=sys.stderr)
    if len(lines) > SHOWN_MAX:
        print(f"and {len(lines) - SHOWN_MAX:,} lines more that are wrong", file=sys.stderr)
    return USAGE_ERROR if lines else 0


def finish(
    found: Settings, planned: Sequence[Change], then: Sequence[str], *, is_dry: bool
) -> None:
    """Show or write what changes, and say what is next.

    Raises:
        ConfigError: it can not be written.
    """
    news = changes.news(planned)
    lines = [change.shown() for change in news]
    then = [*changes.lacking_groups(news), *then]
    if is_dry:
        output.show([*lines, "nothing was changed (--dry-run)"])
        return
    reloads = filter(None, (found.reload_aggregator, found.reload_broker))
    changes.apply(news, Path(found.pki), [*map(typed, reloads), *then])
    output.show([*lines, *(["next:"] if then else []), *(f"  {line}" for line in then)])


def reload_all(*commands: Sequence[str]) -> list[str]:
    """Have programs read their files again, in order; return what failed, a line each."""
    return [
        f"not reloaded: {why}; mend that, then: {typed(command)}"
        for command in commands
        if (why := reload(command))
    ]


def typed(command: Sequence[str]) -> str:
    """Return a command as an operator types it."""
    return one_line(shlex.join(command))


def reload(command: Sequence[str]) -> str:
    """Run a command; return why it failed as one line, empty where it did not. None is right."""
    if not command:
        return ""
    shown = typed(command)
    try:
        done = subprocess.run(  # noqa: S603 - a list that root's own file names
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_RELOAD_S,
        )
    except subprocess.TimeoutExpired:
        return f"{shown}: no end within {_RELOAD_S:g} s"
    except (OSError, ValueError) as error:
        why = in_words(error) if isinstance(error, OSError) else one_line(error)
        return f"{shown}: {why}"
    if done.returncode == 0:
        return ""
    said = one_line(done.stderr.decode(errors="replace").strip())
    return f"{shown}: exit code {done.returncode}{said and ': '}{said}"
