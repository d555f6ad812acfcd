"""Programs that are ended, or that are there though they do not belong, until that is mended.

A guardian holds both as it holds any fault: where nobody mends them it starts the program again,
or kills it.
"""

import signal
from collections.abc import Callable
from functools import partial

from venuewatch.rehearsal.live.programs import Process
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import StageError


def end(
    guardian: Guardian, process: Process, *, in_order: bool = False, lasts_s: float | None = None
) -> Callable[[], None]:
    """End a program, at once or in order; return what starts it again, if it does not run.

    Raises:
        StageError: the guardian has ended, the run was aborted, or the program does not end.
    """
    number = signal.SIGTERM if in_order else signal.SIGKILL
    fault = guardian.play(partial(process.signal, number), process.starting(), lasts_s=lasts_s)
    try:
        process.await_end()
    except StageError:
        fault.end()
        raise

    def mend() -> None:
        process.start()
        fault.end()

    return mend


def add(
    guardian: Guardian, process: Process, *, lasts_s: float | None = None
) -> Callable[[], None]:
    """Start a program that does not belong there; return what ends it in order, if it runs.

    Raises:
        StageError: the guardian has ended, or the run was aborted.
    """
    fault = guardian.play(process.start, process.killing(), lasts_s=lasts_s)

    def mend() -> None:
        if process.is_running:
            process.stop()
        fault.end()

    return mend
