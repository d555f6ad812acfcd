"""Orders of the demo to one of its parts: lines that come over the part's standard input.

``tethered`` reads them there, since it also learns there that the demo has ended. The part, which
runs in the same process, takes them when it likes.
"""

import os
import queue

_READ_BYTES = 4_096

_waiting: "queue.SimpleQueue[str]" = queue.SimpleQueue()


def put(line: str) -> None:
    """Note an order.

    Any thread may do so; it waits for nobody.
    """
    _waiting.put(line)


def put_from(number: int) -> None:
    """Note each line that comes over a descriptor, until that is closed.

    It is read without a buffer: the interpreter waits at its end for the lock of one.
    """
    rest = b""
    while read := os.read(number, _READ_BYTES):
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            put(line.decode(errors="replace"))


def take() -> list[str]:
    """Return, once, the orders that came, the first one first.

    Another thread may note more of them meanwhile: those are taken now or the next time.
    """
    taken: list[str] = []
    while not _waiting.empty():
        taken.append(_waiting.get())
    return taken
