"""Matches the patterns of all checks in one child process, which is killed at its deadline.

A bad pattern, such as ``(a+)+$``, may take for ever, and Python's ``re`` lets no other thread run
meanwhile: in the agent's own process no beat would be sent. The child is started with the first
match, kept, and started again after it was killed. It ends when the agent does, however that ends.
"""

import atexit
import contextlib
import errno
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeAlias

import psutil

from agent.checks.host import adoption
from agent.checks.patterns.child import (
    ANSWER,
    GROUPS,
    IN_DATA,
    IN_LINES,
    NO_MATCH,
    REQUEST,
    SIZE,
    WHOLE_LINES,
)
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short
from venuewatch.base import threads

LONGEST_S = 2.0
"""How long (s) one match may take: so long the other checks wait behind a bad pattern."""

_CHILD = str(Path(__file__).with_name("child.py"))
_SPARE_S = 1.0  # after its limit the child ends by itself: its agent was killed before
_KILL_S = 1.0
_MAX_QUESTION_BYTES = 4_194_304  # of many texts; a larger one is asked for alone
_GENTLE = 10  # niceness beyond the agent's: beats go first
# glibc would keep a page that was matched for the next one.
_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


Bytes: TypeAlias = bytes | bytearray


class UnmatchedError(Exception):
    """A pattern was not matched; the text is the line for people."""


class Matcher:
    """Asks the child, one question at a time. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process number; None while there is none."""
        return None if self._process is None else self._process.pid

    def is_in(self, pattern: str, data: bytes, deadline: Deadline) -> bool:
        """Return whether a pattern of bytes matches anywhere in ``data``.

        Raises:
            UnmatchedError: that can't be told in time.
        """
        return self._ask(IN_DATA, pattern, data, deadline) == b"\1"

    def in_lines(
        self, pattern: str, lines: Sequence[bytes], deadline: Deadline, *, way: bytes = IN_LINES
    ) -> bytes:
        """Return a byte for each line, 1 where a pattern of text matches; raises as :meth:`is_in`.

        ``way``: ``IN_LINES`` or ``WHOLE_LINES``.
        """
        return self._ask(way, pattern, b"\n".join(lines), deadline) if lines else b""

    def groups(self, pattern: str, texts: Iterable[str], deadline: Deadline) -> list[str | None]:
        """Return the first group of a pattern, anywhere in each text; raises as :meth:`is_in`.

        It is None where the text does not match, and cut after ``MAX_GROUP`` characters.
        """
        found: list[str | None] = []
        question = bytearray()
        for text in texts:
            encoded = text.encode(errors="replace")
            question += SIZE.pack(len(encoded)) + encoded
            if len(question) > _MAX_QUESTION_BYTES:
                found += _groups(self._ask(GROUPS, pattern, question, deadline))
                question.clear()
        if question:
            found += _groups(self._ask(GROUPS, pattern, question, deadline))
        return found

    def close(self) -> None:
        """End the child, unless it is busy; with this process it ends in any case."""
        if self._lock.acquire(timeout=_KILL_S):
            self._end()
            self._lock.release()

    def _ask(self, way: bytes, pattern: str, data: Bytes, deadline: Deadline) -> bytes:
        try:
            self._acquire(deadline)
            try:
                limit_s = min(LONGEST_S, deadline.left_s())
                words = pattern.encode()
                head = REQUEST.pack(limit_s + _SPARE_S, way, len(words), len(data))
                for _ in range(2):  # one that was killed by others is started again
                    answer = self._answer(head + words, data, limit_s)
                    if answer is not None:
                        return answer
            finally:
                self._lock.release()
        except TimeoutError:
            raise UnmatchedError(f"no time was left to match {short(pattern, 80)!r}") from None
        except _TooLongError:
            took = f"took over {limit_s:.1f} s and was stopped"
            raise UnmatchedError(f"matching {short(pattern, 80)!r} {took}") from None
        except OSError as error:
            raise UnmatchedError(f"no process for matching: {error.strerror}") from None
        raise UnmatchedError("the process for matching ended without an answer")

    def _acquire(self, deadline: Deadline) -> None:
        if not self._lock.acquire(timeout=deadline.left_s()):
            raise TimeoutError

    def _answer(self, question: bytes, data: Bytes, limit_s: float) -> bytes | None:
        """Return the child's answer; None if it ended before.

        Raises:
            _TooLongError: it was killed at its deadline.
            OSError: it can't be started, or there is no thread to watch it.
        """
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        is_over = threading.Event()

        def kill() -> None:
            is_over.set()
            process.kill()

        timer = threading.Timer(limit_s, kill)
        timer.daemon = True
        try:
            threads.begin(timer)
        except RuntimeError as error:  # nothing would end a match that takes too long
            raise OSError(errno.EAGAIN, str(error)) from None
        answer = None
        try:
            with contextlib.suppress(OSError):  # it has ended
                process.stdin.write(question)
                process.stdin.write(data)
                process.stdin.flush()
                answer = _read_answer(process.stdout)
        finally:
            timer.cancel()
            if answer is None:
                self._end()
        if answer is None and is_over.is_set():
            raise _TooLongError
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        """Return the child, started if there is none; raises OSError."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = adoption.start(
            [sys.executable, "-I", "-S", "-E", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **_ENVIRONMENT},
            creationflags=_FLAGS,
        )
        if sys.platform != "win32":
            with contextlib.suppress(psutil.Error):
                psutil.Process(self._process.pid).nice(min(os.nice(0) + _GENTLE, 19))
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not written yet
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_S)


class _TooLongError(Exception):
    """A match was killed at its deadline."""


def _read_answer(answers: IO[bytes]) -> bytes | None:
    """Return one answer of the child; None if it ended within."""
    head = answers.read(ANSWER.size)
    if len(head) < ANSWER.size:
        return None
    (size,) = ANSWER.unpack(head)
    answer = answers.read(size)
    return answer if len(answer) == size else None


def _groups(answer: bytes) -> Iterator[str | None]:
    at = 0
    while at < len(answer):
        begin = at + SIZE.size
        (size,) = SIZE.unpack_from(answer, at)
        at = begin + max(0, size)
        yield None if size == NO_MATCH else answer[begin:at].decode()


if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _FLAGS = 0


def refuse_other_than_one_group(pattern: str, field: str) -> None:
    """Raise ValueError where the setting ``field`` is no regular expression with one group."""
    refuse_bad_pattern(pattern, field)
    groups = re.compile(pattern).groups
    if groups != 1:
        how = "one group ( ) around the value, and others as (?: )"
        raise ValueError(f"Expected `{field}` to have {how}, got {groups} in {short(pattern, 80)}")


def refuse_bad_pattern(pattern: str | bytes, field: str) -> None:
    """Raise ValueError where the setting ``field`` is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"Expected `{field}` to be a regular expression: {error}") from None


MATCHER = Matcher()
"""The one of this agent."""

atexit.register(MATCHER.close)


class WholePattern:
    """A pattern for whole messages; a line feed within one is matched as a carriage return.

    One without special characters, as is usual, is compared here: it needs no process.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        plain = pattern.replace("\\", "")
        self._literal = plain if re.escape(plain) == pattern else None

    def fits(self, texts: Sequence[str], deadline: Deadline) -> Sequence[int]:
        """Return for each text whether it is what the pattern says; raises UnmatchedError."""
        if self._literal is not None:
            return [text == self._literal for text in texts]
        lines = [text.replace("\n", "\r").encode(errors="replace") for text in texts]
        return MATCHER.in_lines(self._pattern, lines, deadline, way=WHOLE_LINES)
