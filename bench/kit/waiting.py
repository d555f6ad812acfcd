"""Waits for a condition that can only be asked for, never for a fixed time."""

import threading
from collections.abc import Callable

from venuewatch.base import clock

_ASK_EVERY_S = 0.05


def wait_for(is_so: Callable[[], bool], *, at_most_s: float = 30.0) -> bool:
    """Ask until it is so; return False if it is not so in time."""
    end = clock.monotonic() + at_most_s
    while not is_so():
        if clock.monotonic() > end:
            return False
        pause(_ASK_EVERY_S)
    return True


def pause(seconds: float) -> None:
    """Let the measured time pass."""
    threading.Event().wait(seconds)


def until(moment: float) -> None:
    """Let time pass until ``moment`` (monotonic s)."""
    pause(max(0.0, moment - clock.monotonic()))
