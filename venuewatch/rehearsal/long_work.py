"""Manners of commands that work for long: a progress bar, and Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from venuewatch.terminal import output

INTERRUPTED: Final = 130
"""The exit code of a command that was interrupted."""


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Collect Ctrl-C instead of raising it wherever it strikes; yield whether it came."""
    came = threading.Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on standard error, where that is a terminal."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = output.rich_console(is_of_errors=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
