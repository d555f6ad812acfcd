"""Adoption: what a program of ours leaves behind becomes our child on Linux, and is killed.

A program can leave its process group and its parent by two forks and a session of its own. The
kernel then gives it to the nearest ancestor that asked to be a subreaper (prctl(2)): to us. So
after a program has ended, each of our children that we did not start ourselves was left behind.

Only a process that starts each child by ``start`` may ``begin``: all others are killed.
"""

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from venuewatch.base import clock

if TYPE_CHECKING:
    import subprocess

_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h
_LOOK_EVERY_S: Final = 0.005

_PATIENCE_S: Final = 0.1  # with programs that are being started

_lock = threading.Condition()
_started: list["subprocess.Popen[bytes]"] = []
_is_begun = _is_subreaper = False
_refused = _starting = 0


def begin() -> None:
    """Adopt from now on; this process starts no child but by ``start``."""
    global _is_begun  # noqa: PLW0603 - it is of the process
    _is_begun = sys.platform == "linux"


def refused() -> int:
    """Return how often the system has refused us a process of our own."""
    return _refused


def start(arguments: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start a program with the options of ``subprocess.Popen``; others may start meanwhile.

    It takes as long as the system needs to load the program: for ever from a mount that hangs.

    Raises:
        OSError: it can't be started.
    """
    global _refused, _starting  # noqa: PLW0603 - they are of the process
    import subprocess  # noqa: PLC0415 - 0.5 MiB, only where programs are run

    if _is_begun and sys.version_info < (3, 12):
        # There vfork(2) stops all threads until the program is loaded, which a mount may hold up.
        subprocess._USE_VFORK = False  # type: ignore[misc]  # noqa: SLF001 - documented
    process = None
    with _lock:
        _ask_for_orphans()
        _started[:] = [each for each in _started if each.returncode is None]
        _starting += 1
    try:
        process = subprocess.Popen(arguments, **options)  # noqa: S603 - the callers' words
    except OSError as error:
        _refused += error.errno in {errno.EAGAIN, errno.ENOMEM}  # fork(2)
        raise
    finally:
        with _lock:
            _starting -= 1
            if process is not None:
                _started.append(process)
            _lock.notify_all()
    return process


def end_orphans(until: float) -> None:
    """Kill what our programs have left behind, looking again for more until then (monotonic s).

    What is in the session of a program that still runs is spared: it may come back for it.
    """
    while _is_subreaper and _kill_orphans() and clock.monotonic() < until:
        threading.Event().wait(_LOOK_EVERY_S)


def _ask_for_orphans() -> None:
    global _is_subreaper  # noqa: PLW0603 - it is of the process
    if _is_begun and not _is_subreaper:
        import ctypes  # noqa: PLC0415 - 0.5 MiB, only where programs are run

        libc = ctypes.CDLL(None, use_errno=True)
        _is_subreaper = libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _kill_orphans() -> bool:
    """Kill those that are there now; return whether there were any.

    A program that is being started is not known yet, so all are spared where that takes long.
    """
    with _lock:
        if not _lock.wait_for(lambda: _starting == 0, _PATIENCE_S):
            return False
        known = {each.pid for each in _started if each.returncode is None}
        orphans = [pid for pid in _children() - known if not _is_in_session_of(pid, known)]
        for pid in orphans:
            with contextlib.suppress(OSError):  # it has become another user's
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
    return bool(orphans)


def _children() -> set[int]:
    children: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended
            children.update(map(int, (task / "children").read_text(encoding="ascii").split()))
    return children


def _is_in_session_of(pid: int, known: Collection[int]) -> bool:
    try:
        return os.getsid(pid) in known
    except OSError:
        return False
