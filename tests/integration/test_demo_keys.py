"""Keys of the demo's table: one breaks, the same mends, on a terminal of 80 by 24."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.integration.real import until

pytestmark = pytest.mark.real

WITHIN_S = 60.0


class Terminal:
    """A demo on a terminal: what it draws, and keys for it."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", "venuewatch.cli", "demo", "--port", "0"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - no thread runs yet
            env={**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"},
        )
        os.close(theirs)
        self._seen = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def press(self, key: str) -> None:
        """Press a key, and forget what was drawn before."""
        self._seen = b""
        os.write(self._ours, key.encode())

    def shows(self, words: str) -> bool:
        """Tell whether words have been drawn since the last key."""
        return words in self._seen.decode(errors="replace")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                self._seen += os.read(self._ours, 65_536)
            except OSError:  # the demo has ended
                return


def _own_terminal() -> None:
    import fcntl  # noqa: PLC0415
    import termios  # noqa: PLC0415

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_a_key_breaks_and_mends_and_an_interrupt_ends(terminal: Terminal) -> None:
    until("all are up", lambda: terminal.shows("256 of 256 hosts up"), within_s=WITHIN_S)

    terminal.press("3")

    until(
        "its cause is told",
        lambda: terminal.shows("host_down: LIL-timing-01 in LIL is gone"),
        within_s=WITHIN_S,
    )
    terminal.press("3")
    until("it is mended", lambda: terminal.shows("256 of 256 hosts up"), within_s=WITHIN_S)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(20) == 130
