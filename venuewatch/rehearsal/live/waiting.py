"""Waits for what other processes do: asks until the answer is there, or fails with the question."""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import StageError

T = TypeVar("T")

READY_S: Final = 15.0
START_S: Final = 60.0
"""How long a server may take to start: on a busy machine that takes long, and is not tested."""

_POLL_S: Final = 0.01


def until(
    what: str, ask: Callable[[], T | None], *, within_s: float = READY_S, every_s: float = _POLL_S
) -> T:
    """Return the first answer that is true; ask every ``every_s`` s.

    Raises:
        StageError: there was none within ``within_s`` s.
    """
    end = clock.monotonic() + within_s
    while True:
        answer = ask()
        if answer:
            return answer
        if clock.monotonic() >= end:
            raise StageError(f"not within {within_s:g} s: {what}")
        pause(every_s)


def pause(seconds: float) -> None:
    """Let time pass, where the length of a fault or a silence is what matters."""
    threading.Event().wait(seconds)
