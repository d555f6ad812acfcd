"""A machine of its own: a network namespace, which is made, entered, and removed at the end."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from venuewatch.base.config import in_words

T = TypeVar("T")

_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_DONE_S: Final = 60.0
_CONNECT_TIMEOUT_S: Final = 5.0
_QUIET: Final = (("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"))


class StageError(Exception):
    """The stage can't be set up, or has lost a part; the text says which, for an operator."""


class Machine:
    """A network namespace called ``prefix`` + ``name``, in which programs are run."""

    def __init__(self, prefix: str, name: str) -> None:
        self.namespace = f"{prefix}{name}"

    def make(self) -> None:
        """Make it, with a loopback interface and nothing else.

        Raises:
            StageError: the kernel or iproute2 refuses.
        """
        ip("netns", "add", self.namespace)
        set_kernel(self.namespace, _QUIET)
        self.ip("link set lo up")

    def ip(self, *lines: str) -> None:
        """Do ``ip``'s commands there. Raises StageError."""
        ip("-n", self.namespace, "-batch", "-", text="\n".join(lines) + "\n")

    def command(self, *words: str) -> Sequence[str]:
        """Return the command that runs ``words`` there, and not longer than its parent runs."""
        return self.enter("setpriv", "--pdeathsig", "KILL", *words)

    def enter(self, *words: str) -> Sequence[str]:
        """Return the command that runs ``words`` there, until the machine is removed."""
        return ("ip", "netns", "exec", self.namespace, *words)

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a TCP connection from there. Raises OSError."""
        there = (address, port)
        return inside(self.namespace, lambda: socket.create_connection(there, _CONNECT_TIMEOUT_S))


def inside(namespace: str, work: Callable[[], T]) -> T:
    """Return what ``work`` does in a namespace; a socket made there belongs there for ever.

    Raises:
        OSError: there is no namespace of that name, or entering it is not permitted.
    """

    def enter_and_work() -> T:
        _enter(namespace)
        return work()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter_and_work).result()


@contextlib.contextmanager
def entered(namespace: str) -> Iterator[None]:
    """Be in a namespace until the block ends, with this thread and all that it starts meanwhile.

    Raises:
        OSError: there is no namespace of that name, or entering it is not permitted.
    """
    with Path("/proc/thread-self/ns/net").open("rb") as home:
        _enter(namespace)
        try:
            yield
        finally:
            _move_to(home)


def ip(*words: str, text: str = "") -> str:
    """Run iproute2's ``ip`` with ``text`` as its input, and return what it prints.

    Raises:
        StageError: it did not work; the text is what ``ip`` says.
    """
    command = ("ip", *words)
    return do(command, text, named=" ".join(command))


def do(command: Sequence[str], text: str = "", *, named: str) -> str:
    """Run a command with ``text`` as its input, and return what it prints.

    Raises:
        StageError: it did not work: ``named``, and what it says, in one line.
    """
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, input=text, timeout=_DONE_S
        )
    except subprocess.CalledProcessError as error:
        said = "; ".join(error.stderr.strip().splitlines())
        raise StageError(f"{named}: {said or f'exit code {error.returncode}'}") from None
    except subprocess.TimeoutExpired:
        raise StageError(f"{named}: not done within {_DONE_S:g} s") from None
    except OSError as error:
        raise StageError(f"{named}: {in_words(error)}") from None
    return done.stdout


def set_kernel(namespace: str, settings: Sequence[tuple[str, str]]) -> None:
    """Set values below /proc/sys/net, which each namespace has its own of."""

    def write() -> None:
        for name, value in settings:
            Path("/proc/sys/net", name).write_text(value, encoding="ascii")

    inside(namespace, write)


def names() -> list[str]:
    """Return the names of all namespaces."""
    return [line.split()[0] for line in ip("netns", "list").splitlines()]


def remove(namespace: str) -> None:
    """Kill what runs in a namespace, and remove it. Raises StageError."""
    for pid in ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    ip("netns", "del", namespace)


def _enter(namespace: str) -> None:
    """Move the calling thread into a network namespace."""
    with Path("/run/netns", namespace).open("rb") as place:
        _move_to(place)


def _move_to(place: BinaryIO) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(place.fileno(), _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
