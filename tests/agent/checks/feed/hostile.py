"""XML that means harm, as streams: each is far larger or deeper than it may be, or is none.

Run as a program it reads them all, and prints what each cost: a test starts it that way, since
memory is best measured in a process of its own.
"""

import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from agent.checks.results_feed.messages import FeedError, Reader
from venuewatch.base import clock

MAX_BYTES = 64 * 1024 * 1024
MB = 1024 * 1024
ROOT = b'<Body DocumentType="DT_KA">'


def billion_laughs() -> Iterator[bytes]:
    yield b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">'
    for level in range(1, 40):
        yield b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10)
    yield b"]><a>&a39;</a>"


def quadratic_blowup() -> Iterator[bytes]:
    yield b'<!DOCTYPE a [<!ENTITY big "' + b"x" * MB + b'">]><a>'
    yield b"&big;" * 200_000 + b"</a>"


def external_entity() -> Iterator[bytes]:
    yield b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a DocumentType="&f;"/>'


def external_dtd() -> Iterator[bytes]:
    yield b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a DocumentType="DT_KA"/>'


def undefined_entity() -> Iterator[bytes]:
    yield ROOT + b"&whatever;</Body>"


def too_many_bytes() -> Iterator[bytes]:
    yield ROOT
    for _ in range(80):
        yield b"<R>0123456789</R>" * (MB // 17)
    yield b"</Body>"


def truncated() -> Iterator[bytes]:
    yield ROOT
    yield b"<R>0123456789</R>" * (MB // 17)


def nothing() -> Iterator[bytes]:
    yield b""


def no_xml() -> Iterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000


def wrong_encoding() -> Iterator[bytes]:
    yield b'<?xml version="1.0" encoding="utf-8"?>' + ROOT + "Zürich".encode("latin-1") + b"</Body>"


def unwanted_encoding() -> Iterator[bytes]:
    yield b'<?xml version="1.0" encoding="utf-7"?>' + ROOT + b"</Body>"


def null_bytes() -> Iterator[bytes]:
    yield ROOT + b"\0" * MB + b"</Body>"


def only_null_bytes() -> Iterator[bytes]:
    for _ in range(50):
        yield b"\0" * MB


def deep() -> Iterator[bytes]:
    yield ROOT + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Body>"


def giant_attribute() -> Iterator[bytes]:
    yield b'<Body DocumentType="'
    for _ in range(50):
        yield b"x" * MB
    yield b'"/>'


def giant_inner_attribute() -> Iterator[bytes]:
    yield ROOT + b'<R a="'
    for _ in range(50):
        yield b"x" * MB
    yield b'"/></Body>'


def long_header_value() -> Iterator[bytes]:
    yield b'<Body DocumentType="' + b"x" * 129 + b'"/>'


def many_attributes() -> Iterator[bytes]:
    yield ROOT + b"<R"
    for block in range(50):
        yield b"".join(b' a%d="x"' % (block * 100_000 + at) for at in range(100_000))
    yield b"/></Body>"


def many_names() -> Iterator[bytes]:
    yield ROOT
    for at in range(1_000_000):
        yield b"<t%d a%d='x'/>" % (at, at)
    yield b"</Body>"


def giant_comment() -> Iterator[bytes]:
    yield ROOT + b"<!--"
    for _ in range(50):
        yield b"x" * MB
    yield b"--></Body>"


def endless_prolog() -> Iterator[bytes]:
    for _ in range(50):
        yield b"<!-- x -->" * (MB // 10)
    yield ROOT + b"</Body>"


def endless_space() -> Iterator[bytes]:
    for _ in range(50):
        yield b" " * MB
    yield ROOT + b"</Body>"


ALL: dict[str, Callable[[], Iterator[bytes]]] = {
    each.__name__: each
    for each in (
        billion_laughs,
        quadratic_blowup,
        external_entity,
        external_dtd,
        undefined_entity,
        too_many_bytes,
        truncated,
        nothing,
        no_xml,
        wrong_encoding,
        unwanted_encoding,
        null_bytes,
        only_null_bytes,
        deep,
        giant_attribute,
        giant_inner_attribute,
        long_header_value,
        many_attributes,
        many_names,
        giant_comment,
        endless_prolog,
        endless_space,
    )
}


def refusal_of(name: str) -> str:
    """Return the class of error that a document is refused with, "" if it is taken."""
    reader = Reader(MAX_BYTES)
    try:
        for piece in ALL[name]():
            reader.feed(piece)
        reader.close()
    except FeedError as error:
        return type(error).__name__
    return ""


def main() -> None:
    """Print the cost of each as JSON: {name: {"refused", "peak_bytes", "cpu_s"}}."""
    costs: dict[str, dict[str, Any]] = {}
    tracemalloc.start()
    for name in ALL:
        tracemalloc.reset_peak()
        before_bytes, _ = tracemalloc.get_traced_memory()
        begin_s = clock.cpu()
        refused = refusal_of(name)
        cpu_s = clock.cpu() - begin_s
        peak_bytes = tracemalloc.get_traced_memory()[1] - before_bytes
        costs[name] = {"refused": refused, "peak_bytes": peak_bytes, "cpu_s": cpu_s}
    json.dump(costs, sys.stdout)


if __name__ == "__main__":
    main()
