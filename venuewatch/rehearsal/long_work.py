"""Manners of commands that work for long: a progress bar, what they wait for, and Ctrl-C."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from venuewatch.base import clock
from venuewatch.terminal import output

INTERRUPTED: Final = 130
"""The exit code of a command that was interrupted."""

SAY_EVERY_S: Final = 60.0
"""How long (s) is between two lines where no terminal shows them."""


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Collect Ctrl-C instead of raising it wherever it strikes; yield whether it came."""
    came = threading.Event()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: came.set())
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)


class Bar:
    """Progress on standard error: a bar on a terminal, else a line now and then."""

    def __init__(self, progress: Progress, task: TaskID, *, is_terminal: bool) -> None:
        self._progress = progress
        self._task = task
        self._is_terminal = is_terminal
        self._said = ""
        self._say_at = 0.0

    def __call__(self, done: int, of: int) -> None:
        """Show how much is done."""
        self._progress.update(self._task, completed=done, total=of)

    def say(self, text: str) -> None:
        """Show what goes on."""
        self._progress.update(self._task, said=text)
        now = clock.monotonic()
        if not self._is_terminal and text != self._said and now >= self._say_at:
            self._said, self._say_at = text, now + SAY_EVERY_S
            print(text, file=sys.stderr, flush=True)


@contextmanager
def bar(what: str) -> Iterator[Bar]:
    """Show progress, where standard error is a terminal."""
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", markup=False),
    )
    console = output.rich_console(is_of_errors=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None, said="")
        yield Bar(progress, task, is_terminal=console.is_terminal)
