"""Boots of this machine: two processes of one boot share its monotonic clock.

That clock says how long no aggregator ran, whatever the wall clock was set to meanwhile. So the
journal has the time of both clocks when a process was last alive, and which boot it was of.
"""

from collections.abc import Mapping
from pathlib import Path

from aggregator.shell.journal.rows import ALIVE_AT

ALIVE_MONOTONIC = "alive_monotonic"
"""The mark of when the process was last known to run, on the machine's monotonic clock (s)."""

BOOT = "boot"
"""The mark of the boot of which that clock is: a number made of the kernel's id."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_DIGITS = 9  # hexadecimal: below the largest number that a mark may be


def boot() -> int | None:
    """Return a number for the present boot; None where the system has none."""
    try:
        return int(_BOOT_ID.read_text().replace("-", "")[:_DIGITS], 16)
    except (OSError, ValueError):
        return None


def marks_of(now: float, wall: float, of: int | None = None) -> dict[str, float]:
    """Return the marks of a process that is alive ``now`` (monotonic s), at ``wall`` (unixtime)."""
    of = boot() if of is None else of
    marks = {ALIVE_AT: wall}
    return marks if of is None else {**marks, ALIVE_MONOTONIC: now, BOOT: of}


def jump_between(marks: Mapping[str, float], now: float, wall: float) -> float:
    """Return how far (s) the wall clock was set ahead since the marks, until ``now`` (monotonic).

    Of another boot it is only known when it was set back: a machine may have been off for long.
    """
    alive_at, then = marks.get(ALIVE_AT), marks.get(ALIVE_MONOTONIC)
    if alive_at is None:
        return 0.0
    if then is not None and then <= now and marks.get(BOOT) == boot():
        return wall - alive_at - (now - then)
    return min(0.0, wall - alive_at)
