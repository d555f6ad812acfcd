"""Runs as a process of its own and matches patterns for the agent that started it.

It has few imports, since its memory counts as the agent's. A request on stdin is ``REQUEST``, then
the pattern (UTF-8), then the data. The answer on stdout is a byte for each line of the data, or one
for data that is searched as a whole: 1 where the pattern matches. It ends at the end of its
input, so with its agent. A match that outlives its limit ends it as well: the watchdog of
``faulthandler`` waits for no lock of Python's, and a match holds that lock until it is done.
"""

import faulthandler
import re
import sys
from struct import Struct

REQUEST = Struct("<dcII")
"""The limit (s), the way of matching, and the sizes (bytes) of the pattern and of the data."""

IN_DATA, IN_LINES, WHOLE_LINES = b"d", b"l", b"w"
"""Ways of matching: bytes anywhere in the data; text anywhere in a line, or as the whole line."""


def match(way: bytes, pattern: bytes, data: bytes) -> bytes:
    """Return the answer to a request."""
    if way == IN_DATA:
        return bytes([re.search(pattern, data) is not None])
    compiled = re.compile(pattern.decode())
    match_line = compiled.search if way == IN_LINES else compiled.fullmatch
    lines = data.split(b"\n")
    return bytes(match_line(line.decode(errors="replace")) is not None for line in lines)


def main() -> None:
    """Answer requests until the input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        limit_s, way, pattern_bytes, data_bytes = REQUEST.unpack(head)
        pattern, data = requests.read(pattern_bytes), requests.read(data_bytes)
        if len(data) < data_bytes:
            break
        faulthandler.dump_traceback_later(limit_s, exit=True)
        answer = match(way, pattern, data)
        faulthandler.cancel_dump_traceback_later()
        del data  # a page may have 4 MiB
        answers.write(answer)
        answers.flush()


if __name__ == "__main__":
    main()
