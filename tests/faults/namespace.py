"""Network namespaces: made, entered and removed, for root on Linux."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_IP_TIMEOUT_S: Final = 60.0


def enter(namespace: str) -> None:
    """Move the calling thread into a network namespace.

    Raises:
        OSError: there is none of that name, or we are not allowed to.
    """
    with Path("/run/netns", namespace).open("rb") as place:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(place.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def inside(namespace: str, work: Callable[[], T]) -> T:
    """Return what ``work`` does in a namespace; a socket made there belongs there for ever."""
    with ThreadPoolExecutor(1, initializer=enter, initargs=(namespace,)) as thread:
        return thread.submit(work).result()


def ip(*words: str) -> str:
    """Run iproute2's ``ip`` and return what it says.

    Raises:
        CalledProcessError: it did not work; ``stderr`` says why.
    """
    return _run(["ip", *words], "")


def ip_batch(lines: Iterable[str], namespace: str | None = None) -> None:
    """Do many of ``ip``'s commands at once, in a namespace or in this machine's own.

    Raises:
        CalledProcessError: one of them did not work; ``stderr`` says which.
    """
    where = [] if namespace is None else ["-n", namespace]
    _run(["ip", *where, "-batch", "-"], "\n".join(lines) + "\n")


def set_kernel(namespace: str, settings: Sequence[tuple[str, str]]) -> None:
    """Set values below /proc/sys/net, which each namespace has its own of."""

    def write() -> None:
        for name, value in settings:
            Path("/proc/sys/net", name).write_text(value)

    inside(namespace, write)


def names() -> list[str]:
    """Return the namespaces that there are."""
    return [line.split()[0] for line in ip("netns", "list").splitlines()]


def remove(namespace: str) -> None:
    """Kill what runs in a namespace, and remove it."""
    for pid in ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    ip("netns", "del", namespace)


def _run(command: list[str], text: str) -> str:
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, input=text, timeout=_IP_TIMEOUT_S
    )
    return done.stdout
