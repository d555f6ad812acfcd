"""Runs one short program: bounded in time and output, and nothing of it stays behind.

The program gets an empty stdin, its own session, no file descriptor of the agent but its output,
and the environment that it is given. The rest of its process group is killed when it ends, or when
its time is over. Its leader is reaped only after that: until then no other group can have the
group's number. On Linux what left the group is killed, too (``adoption.py``).
"""

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple, Self

import psutil

from agent.checks.host import adoption
from venuewatch.base import clock

OUTPUT_BYTES = 65_536  # kept of stdout; the guidelines' own limit was 4 KiB, later 8 KiB
ERROR_BYTES = 4_096  # kept of stderr: only its last line is of interest
FLOOD_BYTES = 16_000_000  # a program that writes this much is killed, not waited for
KILL_S = 0.25  # of its time, what is kept back for killing and reaping
_STEP_S = 0.05  # how often the end is looked for where the kernel can't tell it
_CHUNK_BYTES = 65_536


class Outcome(NamedTuple):
    """How a program ended.

    ``exit_code``: negative for the signal that ended it, None if we killed it. ``is_flood``: it was
    killed for what it wrote, not for its time. ``left``: the process, if even killing did not
    end it; its owner reaps it later.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    is_flood: bool = False
    left: subprocess.Popen[bytes] | None = None


class _Output:
    """The first bytes of one stream; the rest is read and dropped."""

    def __init__(self, limit: int) -> None:
        self.kept = bytearray()
        self.total = 0
        self._limit = limit

    def take(self, chunk: bytes) -> None:
        self.total += len(chunk)
        self.kept += chunk[: self._limit - len(self.kept)]


def run(arguments: Sequence[str], environment: Mapping[str, str], *, timeout_s: float) -> Outcome:
    """Run a program, found on the ``PATH`` of ``environment``; end within ``timeout_s`` in total.

    Raises:
        OSError: it can't be started.
    """
    grace_s = min(KILL_S, timeout_s / 4)
    until = clock.monotonic() + timeout_s - grace_s
    process = adoption.start(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment,
        start_new_session=True,
    )
    outputs = _Output(OUTPUT_BYTES), _Output(ERROR_BYTES)
    has_ended = False
    try:
        has_ended = _follow(process, outputs, until)
    finally:  # whatever happens to us, it must not outlive us
        _kill(process, has_ended=has_ended)
        is_reaped = _reap(process, grace_s)
        adoption.end_orphans(until + grace_s)
    return Outcome(
        process.returncode if has_ended and is_reaped else None,
        bytes(outputs[0].kept),
        bytes(outputs[1].kept),
        is_flood=_is_flood(outputs),
        left=None if is_reaped else process,
    )


def minimal_environment() -> dict[str, str]:
    """Return the least that programs need; their words are English and in ASCII."""
    kept = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C", "LC_ALL": "C"}
    if sys.platform == "win32":
        kept["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", r"C:\Windows")
    return kept


def _is_flood(outputs: tuple[_Output, _Output]) -> bool:
    return sum(output.total for output in outputs) > FLOOD_BYTES


def _reap(process: subprocess.Popen[bytes], grace_s: float) -> bool:
    """Close its pipes and take its exit code; return False if it has not ended."""
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


if sys.platform == "win32":
    import threading

    def _follow(
        process: subprocess.Popen[bytes], outputs: tuple[_Output, _Output], until: float
    ) -> bool:
        """Read until the program ends; return False if its time or its room is over first."""
        streams = zip((process.stdout, process.stderr), outputs, strict=True)
        readers = [
            threading.Thread(target=_read_all, args=(pipe, output), daemon=True)
            for pipe, output in streams
        ]
        for reader in readers:
            reader.start()
        while clock.monotonic() < until and not _is_flood(outputs):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STEP_S)
                for reader in readers:
                    reader.join(_STEP_S)
                return True
        return False

    def _read_all(pipe: IO[bytes], output: _Output) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            while chunk := pipe.read(_CHUNK_BYTES):
                output.take(chunk)

    def _kill(process: subprocess.Popen[bytes], *, has_ended: bool) -> None:
        if has_ended:
            return
        for child in _descendants(process.pid):
            with contextlib.suppress(psutil.Error):
                child.kill()
        with contextlib.suppress(OSError):
            process.kill()

else:
    import signal

    def _follow(
        process: subprocess.Popen[bytes], outputs: tuple[_Output, _Output], until: float
    ) -> bool:
        assert process.stdout is not None  # noqa: S101 - both are pipes: run() asked for them
        assert process.stderr is not None  # noqa: S101
        by_fd = dict(zip((process.stdout.fileno(), process.stderr.fileno()), outputs, strict=True))
        for fd in by_fd:
            os.set_blocking(fd, False)
        with _Ending(process.pid) as ending:
            poller = select.poll()
            for fd in (*by_fd, *ending.fds):
                poller.register(fd, select.POLLIN)
            while (left_s := until - clock.monotonic()) > 0 and not _is_flood(outputs):
                ready = [fd for fd, _ in poller.poll(min(left_s, ending.step_s) * 1000)]
                if ending.is_among(ready):
                    for fd, output in by_fd.items():
                        _drain(fd, output)
                    return True
                for fd in ready:
                    if not _drain(fd, by_fd[fd]):
                        poller.unregister(fd)
        return False

    def _drain(fd: int, output: _Output) -> bool:
        """Read what is there now, at most once the kept size; return False at the end."""
        for _ in range(2):
            try:
                chunk = os.read(fd, _CHUNK_BYTES)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            output.take(chunk)
        return True

    class _Ending:
        """Tells that a child has ended, without reaping it."""

        def __init__(self, pid: int) -> None:
            self._pid = pid
            self.fds: tuple[int, ...] = ()
            self.step_s = _STEP_S
            if sys.platform == "linux":
                with contextlib.suppress(OSError):  # before Linux 5.3
                    self.fds = (os.pidfd_open(pid),)
                    self.step_s = 3_600.0

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            for fd in self.fds:
                os.close(fd)

        def is_among(self, ready: list[int]) -> bool:
            """Tell whether the child has ended; ``ready`` is what the kernel says of ``fds``."""
            if self.fds:
                return self.fds[0] in ready
            try:
                return psutil.Process(self._pid).status() == psutil.STATUS_ZOMBIE
            except psutil.Error:
                return True

    def _kill(process: subprocess.Popen[bytes], *, has_ended: bool) -> None:
        """Kill the whole group, and those of its children that made a group of their own."""
        apart = [] if has_ended else _descendants(process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: only zombies left
            os.killpg(process.pid, signal.SIGKILL)
        for child in apart:
            with contextlib.suppress(psutil.Error):
                child.kill()
