"""Runs as a process of its own and matches patterns for the agent that started it.

It has few imports, since its memory counts as the agent's. A request on stdin is ``REQUEST``, then
the pattern (UTF-8), then the data. The answer on stdout is ``ANSWER``, then what was found: a byte
for each line of the data, or one for data that is searched as a whole, 1 where the pattern matches;
or the group of each text. It ends at the end of its input, so with its agent. A match that outlives
its limit ends it as well: the watchdog of ``faulthandler`` waits for no lock of Python's, and a
match holds that lock until it is done.
"""

import faulthandler
import re
import sys
from collections.abc import Iterator
from struct import Struct

REQUEST = Struct("<dcII")
"""The limit (s), the way of matching, and the sizes (bytes) of the pattern and of the data."""

ANSWER = Struct("<I")
"""The size (bytes) of what was found."""

SIZE = Struct("<i")
"""Before each text, and before each group: its size (bytes)."""

NO_MATCH = -1
"""In place of a group's size; a group that takes no part has no match."""

IN_DATA, IN_LINES, WHOLE_LINES, GROUPS = b"d", b"l", b"w", b"g"
"""Ways of matching: bytes anywhere in the data; text anywhere in a line, or as the whole line;
the first group anywhere in a text, of texts that have their sizes before them."""

MAX_GROUP = 1_025
"""How much (characters) of a group is given: one more than a value may have."""


def match(way: bytes, pattern: bytes, data: bytes) -> bytes:
    """Return the answer to a request, without its size."""
    if way == IN_DATA:
        return bytes([re.search(pattern, data) is not None])
    compiled = re.compile(pattern.decode())
    if way == GROUPS:
        return b"".join(groups(compiled, data))
    match_line = compiled.search if way == IN_LINES else compiled.fullmatch
    lines = data.split(b"\n")
    return bytes(match_line(line.decode(errors="replace")) is not None for line in lines)


def groups(pattern: re.Pattern[str], data: bytes) -> Iterator[bytes]:
    """Give of each text in the data its size and the group, or why there is none."""
    at = 0
    while at < len(data):
        begin = at + SIZE.size
        (size,) = SIZE.unpack_from(data, at)
        at = begin + size
        found = pattern.search(data[begin:at].decode(errors="replace"))
        group = None if found is None else found[1]
        if group is None:
            yield SIZE.pack(NO_MATCH)
        else:
            encoded = group[:MAX_GROUP].encode()
            yield SIZE.pack(len(encoded)) + encoded


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
        answers.write(ANSWER.pack(len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    main()
