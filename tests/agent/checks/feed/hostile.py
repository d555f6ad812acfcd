"""XML that means harm, as streams: each is far larger or deeper than it may be, or is none.

Run as a program it reads them all, and fails where one costs too much: a test starts it that way,
since memory is best measured in a process of its own.
"""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TypeAlias

from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.messages import Reader
from venuewatch.base import clock

MAX_BYTES = 64 * 1024 * 1024
MOST_BYTES, MOST_CPU_S = 16_000_000, 20.0
MB = 1024 * 1024
ROOT = b'<Body DocumentType="DT_KA">'


ROW = b"<R>0123456789</R>" * (MB // 17)
END = b"</Body>"
NAMES = range(0xA000, 0xD000)


def entities() -> Iterator[bytes]:
    """Yield entities, each of which is ten of the one before."""
    for level in range(1, 40):
        yield b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10)


def attributes() -> Iterator[bytes]:
    for block in range(200):
        yield b"".join(b' a%d="x"' % (block * 25_000 + at) for at in range(25_000))


def tags() -> Iterator[bytes]:
    for at in range(1_000_000):
        yield b"<t%d a%d='x'/>" % (at, at)


def times(count: int, piece: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: repeat(piece, count)


Part: TypeAlias = bytes | Callable[[], Iterable[bytes]]
ALL: dict[str, tuple[Part, ...]] = {
    "billion laughs": (b'<!DOCTYPE a [<!ENTITY a0 "ha">', entities, b"]><a>&a39;</a>"),
    "quadratic blowup": (
        *(b'<!DOCTYPE a [<!ENTITY big "', times(1, b"x" * MB), b'">]><a>'),
        *(times(200_000, b"&big;"), b"</a>"),
    ),
    "external entity": (
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a DocumentType="&f;"/>',
    ),
    "external dtd": (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a DocumentType="DT_KA"/>',),
    "undefined entity": (ROOT, b"&whatever;", END),
    "too many bytes": (ROOT, times(80, ROW), END),
    "truncated": (ROOT, ROW),
    "nothing": (b"",),
    "no xml": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000,),
    "wrong encoding": (
        b'<?xml version="1.0" encoding="utf-8"?>' + ROOT + "Zürich".encode("latin-1") + END,
    ),
    "unwanted encoding": (b'<?xml version="1.0" encoding="utf-7"?>' + ROOT + END,),
    "null bytes": (ROOT + b"\0" * MB + END,),
    "only null bytes": (times(50, b"\0" * MB),),
    "deep": (ROOT + b"<a>" * 100_000 + b"</a>" * 100_000 + END,),
    "deep before its depth is looked at": (ROOT + b"<a>" * 32_000,),
    "many names before they are looked at": (ROOT + b"".join(b"<%x/>" % at for at in NAMES),),
    "giant attribute": (b'<Body DocumentType="', times(50, b"x" * MB), b'"/>'),
    "giant inner attribute": (ROOT + b'<R a="', times(50, b"x" * MB), b'"/>' + END),
    "long header value": (b'<Body DocumentType="' + b"x" * 129 + b'"/>',),
    "many attributes": (ROOT + b"<R", attributes, b"/>" + END),
    "many names": (ROOT, tags, END),
    "giant comment": (ROOT + b"<!--", times(50, b"x" * MB), b"-->" + END),
    "endless prolog": (times(50, b"<!-- x -->" * (MB // 10)), ROOT + END),
    "endless space": (times(50, b" " * MB), ROOT + END),
}


def pieces(name: str) -> Iterator[bytes]:
    for part in ALL[name]:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part()


def refusal_of(name: str) -> str:
    """Return the class of error that a document is refused with, "broken" if its root is taken.

    "" is for one that is taken whole.
    """
    reader = Reader(MAX_BYTES)
    try:
        for piece in pieces(name):
            reader.feed(piece)
        return "broken" if reader.close().broken else ""
    except FeedError as error:
        return type(error).__name__


def main() -> None:
    """Fail where one of them costs too much."""
    tracemalloc.start()
    for name in ALL:
        tracemalloc.reset_peak()
        before_bytes, _ = tracemalloc.get_traced_memory()
        begin_s = clock.cpu()
        assert refusal_of(name), name
        assert clock.cpu() - begin_s < MOST_CPU_S, name
        peak_bytes = tracemalloc.get_traced_memory()[1] - before_bytes
        assert peak_bytes < MOST_BYTES, (name, peak_bytes)


if __name__ == "__main__":
    main()
