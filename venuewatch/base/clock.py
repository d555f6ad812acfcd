"""Asks for the time; no other module does.

Cores take ``now`` as an argument; shells get it here. Clocks are never mixed: deadlines
and durations use :func:`monotonic`, times for people use :func:`wall`. What has to go on while the
machine sleeps uses :func:`since_boot`.
"""

import time

_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def monotonic() -> float:
    """Return seconds on a clock that never steps; only differences mean anything."""
    return time.monotonic()  # noqa: TID251 - this is the place


def since_boot() -> float:
    """Return seconds since the machine began, sleep included.

    On Linux that is when it started; elsewhere only differences mean anything. macOS counts sleep
    in its monotonic clock, and so does Windows in the one that Python asks.
    """
    return monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)


def wall() -> float:
    """Return seconds since 1970-01-01 UTC, as the operating system believes them."""
    return time.time()  # noqa: TID251 - this is the place


def cpu() -> float:
    """Return the CPU seconds (user and system) that this process has used."""
    return time.process_time()


def thread_cpu() -> float:
    """Return the CPU seconds (user and system) that the calling thread has used."""
    return time.thread_time()
