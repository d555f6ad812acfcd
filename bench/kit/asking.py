"""Asks a child process, which answers every line of its standard input with a line of JSON."""

import contextlib
import json
import select
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.kit.processes import ROOT, BenchError, end, last_line

_ANSWER_S = 120.0  # a fleet says its first line when all of it is connected


class Asked:
    """The child. ``pid`` is whom to measure."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    def ask(self) -> dict[str, float]:
        """Ask for the counts as they are now.

        Raises:
            BenchError: it has ended, or does not answer.
        """
        assert self._process.stdin is not None  # noqa: S101 - it was started with one
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        answer: dict[str, float] = self.read_answer()
        return answer

    def read_answer(self) -> dict[str, float]:
        """Wait for the next line.

        Raises:
            BenchError: it has ended, or does not answer.
        """
        said = self._process.stdout
        assert said is not None  # noqa: S101 - it was started with one
        line = said.readline() if select.select([said], [], [], _ANSWER_S)[0] else ""
        if not line:
            raise BenchError(f"a child ended: {last_line(self._log)}")
        answer: dict[str, float] = json.loads(line)
        return answer


@contextlib.contextmanager
def asking(command: Sequence[str], *, log: Path) -> Iterator[Asked]:
    """Run a child until the block ends; its standard error goes to ``log``."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        )
        try:
            yield Asked(process, log)
        finally:
            end(process)
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()  # type: ignore[union-attr]  # it was started with both
