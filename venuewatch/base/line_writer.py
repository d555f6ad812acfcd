"""Writes lines to a descriptor in a thread: one who takes nothing holds up that thread alone.

A pipe that is not read, a terminal that is stopped, a disk that hangs or is full: they cost lines,
which are counted, and neither time nor the program. No lock of Python's own streams is held, so a
write that hangs does not keep the interpreter from ending.
"""

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from venuewatch.base import threads

BYTES_MAX: Final = 2 * 1024 * 1024
"""So many bytes of lines wait; a line for which there is no room is dropped, and counted."""


class LineWriter:
    """Writes nothing until it is opened. Any thread may call it.

    ``tell_lost`` returns the line that tells how many were lost. It follows once a line is taken.

    Attributes:
        lost: how many lines could not be written.
    """

    def __init__(self, tell_lost: Callable[[int], str]) -> None:
        self._tell_lost = tell_lost
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_writing = False
        self._is_begun = False
        self._untold = 0
        self._is_torn = False
        self._descriptor: int | None = None
        self._encoding = "utf-8"
        self.lost = 0

    @property
    def is_open(self) -> bool:
        """Whether lines are written."""
        return self._descriptor is not None

    def open(self, descriptor: int, encoding: str) -> None:
        """Write to a copy of ``descriptor`` from now on. Raises OSError where it is closed."""
        self.close()
        with self._changed:
            self._descriptor, self._encoding = os.dup(descriptor), encoding

    def close(self) -> None:
        """Write no more."""
        with self._changed:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None and not self._is_writing:  # else the thread closes it
                os.close(descriptor)

    def put(self, line: str) -> None:
        """Have a line written soon."""
        data = f"{line}\n".encode(self._encoding, "backslashreplace")
        with self._changed:
            if self._waiting_bytes + len(data) > BYTES_MAX or not self._has_thread():
                self._lose()
                return
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> None:
        """Wait until all is written, at most ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._waiting and not self._is_writing, timeout=timeout_s
            )

    def _has_thread(self) -> bool:
        """Begin the thread, unless it runs; return whether it does."""
        if not self._is_begun:
            with contextlib.suppress(RuntimeError):  # there can be no more now
                threads.begin(threading.Thread(target=self._serve, name="log", daemon=True))
                self._is_begun = True
        return self._is_begun

    def _lose(self) -> None:
        self.lost += 1
        self._untold += 1

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                data, descriptor = self._waiting.popleft(), self._descriptor
                self._waiting_bytes -= len(data)
                self._is_writing = descriptor is not None
            if descriptor is not None:
                self._write_line(descriptor, data)
            with self._changed:
                self._is_writing = False
                if descriptor is not None and descriptor != self._descriptor:
                    os.close(descriptor)
                self._changed.notify_all()

    def _write_line(self, descriptor: int, data: bytes) -> None:
        """Write a line, and how many were lost before it."""
        if not self._write(descriptor, data):
            with self._changed:
                self._lose()
            return
        untold = self._untold
        if untold:
            line = f"{self._tell_lost(untold)}\n".encode(self._encoding, "backslashreplace")
            if self._write(descriptor, line):
                with self._changed:
                    self._untold -= untold

    def _write(self, descriptor: int, data: bytes) -> bool:
        """Write it all; return False where that is not possible. It waits for whom it takes."""
        left = b"\n" + data if self._is_torn else data
        is_whole = not self._is_torn
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:  # another program made it so
                select.select([], [descriptor], [])
            except OSError:
                self._is_torn = len(left) < len(data) or not is_whole
                return False
        self._is_torn = False
        return True
