"""Does at their times what one fault consists of: falls that come again and again.

One thread does so for a whole world. A program ends with the thread that has started it, so that no
thread of a single fault may start any. What is due at once is done by the caller.
"""

import heapq
import itertools
import subprocess
import threading
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import StageError

Deed: TypeAlias = Callable[[], object]
"""Breaks or mends something."""

_FAILURES: Final = (OSError, StageError, subprocess.SubprocessError)


class _Play:
    """The deeds of one fault; none is done once it has ended, or one has failed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a deed, and the end of all
        self._is_over = False
        self._failure = ""

    def do(self, deed: Deed) -> None:
        with self._lock:
            if self._is_over:
                return
            try:
                deed()
            except _FAILURES as error:
                self._is_over = True
                self._failure = str(error)

    def end(self) -> None:
        """Do nothing more, once the deed that is under way is done. Raises StageError."""
        with self._lock:
            self._is_over = True
            failure, self._failure = self._failure, ""
        if failure:
            raise StageError(failure)


class Timetable:
    """All that is to be done in one world; its thread begins with the first that is not due yet."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, _Play, Deed]] = []
        self._changed = threading.Condition()
        self._number = itertools.count()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._current: _Play | None = None

    def play(self, deeds: Iterable[tuple[float, Deed]]) -> Callable[[], None]:
        """Do each of these so many seconds from now; return what ends that.

        What it returns raises StageError where a deed has failed.

        Raises:
            StageError: what was due at once has failed.
        """
        play, now = _Play(), clock.monotonic()
        for wait_s, deed in deeds:
            if wait_s <= 0.0:
                deed()
                continue
            with self._changed:
                heapq.heappush(self._due, (now + wait_s, next(self._number), play, deed))
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)
                    self._thread.start()
                self._changed.notify()
        return play.end

    def clear(self) -> None:
        """Forget all that is to be done."""
        with self._changed:
            plays = [play for _, _, play, _ in self._due]
            plays += [] if self._current is None else [self._current]
            self._due.clear()
        for play in plays:
            play.end()

    def close(self) -> None:
        """End its thread, and with it all programs that it has started."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (next_one := self._next()) is not None:
            play, deed = next_one
            play.do(deed)

    def _next(self) -> tuple[_Play, Deed] | None:
        """Wait for the next that is due; return None at the end."""
        with self._changed:
            while not self._is_closed:
                wait_s = self._due[0][0] - clock.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0.0:
                    _, _, self._current, deed = heapq.heappop(self._due)
                    return self._current, deed
                self._changed.wait(wait_s)
        return None
