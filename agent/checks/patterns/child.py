"""Runs as a process of its own and matches patterns for the agent that started it.

It has few imports, since its memory counts as the agent's. A request on stdin is ``REQUEST``, then
the pattern (UTF-8), then the data; the answer on stdout is ``ANSWER``. It ends at the end of its
input, so with its agent. A match that outlives its limit ends it as well: the watchdog of
``faulthandler`` waits for no lock of Python's, and a match holds that lock until it is done.
"""

import faulthandler
import re
import sys
from struct import Struct

REQUEST = Struct("<d?II")
"""The limit (s), lines or one whole, and the sizes (bytes) of the pattern and of the data."""

ANSWER = Struct("<II")
"""The number of lines that match, and the place of the last of them; of one whole 0 or 1, and 0."""


def match(pattern: bytes, data: bytes, *, is_lines: bool) -> tuple[int, int]:
    """Search the data, as bytes, or each line of it, as text; return what ``ANSWER`` has."""
    if not is_lines:
        return (0 if re.search(pattern, data) is None else 1), 0
    found, last = 0, 0
    search = re.compile(pattern.decode()).search
    for at, line in enumerate(data.split(b"\n")):
        if search(line.decode(errors="replace")) is not None:
            found, last = found + 1, at
    return found, last


def main() -> None:
    """Answer requests until the input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        limit_s, is_lines, pattern_bytes, data_bytes = REQUEST.unpack(head)
        pattern, data = requests.read(pattern_bytes), requests.read(data_bytes)
        if len(data) < data_bytes:
            break
        faulthandler.dump_traceback_later(limit_s, exit=True)
        answer = match(pattern, data, is_lines=is_lines)
        faulthandler.cancel_dump_traceback_later()
        del data  # a page may have 4 MiB
        answers.write(ANSWER.pack(*answer))
        answers.flush()


if __name__ == "__main__":
    main()
