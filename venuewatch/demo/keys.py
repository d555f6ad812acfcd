"""Keys that are pressed while the demo draws its table."""

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator

try:
    import termios
    import tty
except ImportError:  # Windows
    HAS_TERMIOS = False
else:
    HAS_TERMIOS = True


@contextlib.contextmanager
def pressed() -> "Iterator[Callable[[], str] | None]":
    """Yield a function that returns the keys pressed since its last call; None without a keyboard.

    A program in the background has none: to change the terminal would stop it.
    """
    number = _keyboard()
    if number is None:
        yield None
        return
    before = termios.tcgetattr(number)
    tty.setcbreak(number)  # Ctrl-C stays what it is
    try:
        yield lambda: _read(number)
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _keyboard() -> int | None:
    if not HAS_TERMIOS or sys.stdin is None or not sys.stdin.isatty():
        return None
    number = sys.stdin.fileno()
    try:
        return number if os.tcgetpgrp(number) == os.getpgrp() else None
    except OSError:
        return None


def _read(number: int) -> str:
    if not select.select([number], [], [], 0)[0]:
        return ""
    try:
        return os.read(number, 64).decode(errors="ignore")
    except OSError:  # the terminal is gone
        return ""
