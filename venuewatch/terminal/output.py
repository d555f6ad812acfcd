"""Standard output that may be closed, full, or unable to show a character.

A reader that has gone away (``| head -1``) is no error: the rest of the output is dropped, and the
exit code stays what it would have been. A disk that is full is one line and exit code 2.
"""

import contextlib
import os
import select
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

USAGE_ERROR = 2


def prepare() -> None:
    """Show a ``?`` for a character that the terminal's encoding does not have."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="replace")


def show(lines: Iterable[str]) -> bool:
    """Print lines; return whether there is still a reader."""
    with reader_may_leave() as is_gone:
        for line in lines:
            print(line)
    return not is_gone


@contextlib.contextmanager
def reader_may_leave() -> Iterator[list[bool]]:
    """Drop what is printed from where the reader left; yield a list that is empty until then.

    A pipe of another kind that breaks is not this one's: its error goes on.
    """
    is_gone: list[bool] = []
    try:
        yield is_gone
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _drop_what_nobody_reads():
            raise
        is_gone.append(True)


def finish(code: int) -> int:
    """Write what is left; return the exit code: ``code``, unless it can not be written."""
    try:
        show([])
    except OSError as error:
        return failed(error)
    return code


def failed(error: OSError) -> int:
    """Say that the output can not be written; return the exit code."""
    _point_at_nothing(1)
    with contextlib.suppress(OSError):
        why = os.strerror(error.errno or 0)
        print(f"the output can not be written: {why}", file=sys.stderr)
    return USAGE_ERROR


def rich_console(*, is_of_errors: bool = False) -> "Console":
    """Return a rich console that leaves a closed pipe to its caller; rich would end with 1."""
    from rich.console import Console  # noqa: PLC0415 - most commands do without it

    class PipeConsole(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            raise BrokenPipeError

    return PipeConsole(emoji=False, stderr=is_of_errors)


def _drop_what_nobody_reads() -> bool:
    """Point the streams at nothing that have lost their reader; return whether any has."""
    is_any = False
    for number in (1, 2):
        if _has_no_reader(number):
            _point_at_nothing(number)
            is_any = True
    return is_any


def _has_no_reader(number: int) -> bool:
    """Tell whether a stream is a pipe that nobody reads; where that can not be asked it is."""
    if not hasattr(select, "poll"):  # Windows
        return True
    asked = select.poll()
    asked.register(number, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in asked.poll(0))


def _point_at_nothing(number: int) -> None:
    """Point a stream at nothing: the interpreter flushes it once more at its end."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)
