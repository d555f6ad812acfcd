"""Runs a part of the demo as a process that cannot outlive the demo.

The demo starts ``python -I -m venuewatch.demo.tethered agent --config …`` and keeps its standard
input open. When that closes, however the demo ended, the process stops. Lines that come there are
orders to the part.
"""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from venuewatch.demo import orders

_PARTS = {"agent": "agent", "fleet": "venuewatch.demo.fleet"}
_END_WITHIN_S = 5.0


class PartError(Exception):
    """A part of the demo did not start, or ended by itself; its text is for the user."""


class Part:
    """One of our own processes, tethered to this one; its log is ``name``.log in ``folder``."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self._name = name
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-I", "-m", "venuewatch.demo.tethered", name, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_WITHIN_S)
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def tell(self, order: str) -> None:
        """Give the part an order; one that has ended gets none."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(f"{order}\n".encode())
                self._process.stdin.flush()

    def check(self) -> None:
        """Raise PartError if the process has ended by itself."""
        code = self._process.poll()
        if code is not None:
            last = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
            raise PartError(f"the {self._name} ended with code {code}: {''.join(last)}")


def _stop_with_parent() -> None:
    orders.put_from(sys.stdin.fileno())
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the part that the command line names, with the rest of its arguments."""
    part = _PARTS[sys.argv[1]]
    sys.argv[:2] = [part]
    threading.Thread(target=_stop_with_parent, name="tether", daemon=True).start()
    runpy.run_module(part, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
