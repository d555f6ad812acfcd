"""Reads a results feed in the plainest way that Python has: run as a program, the peer of a check.

``files FOLDER SECONDS`` looks for new files of a folder every so often, and parses them.
``pushes PORT`` is Python's own HTTP server. Expat says whether each message is well-formed; nothing
is kept but a count, which is printed for each line of standard input. Nothing is bounded.
"""

import contextlib
import http.server
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from bench.kit.processes import LOOPBACK, pause


class Count:
    """Parses messages, and counts them."""

    def __init__(self) -> None:
        self.messages = 0

    def parse(self, content: bytes) -> None:
        """Parse a message. Raises ``expat.ExpatError``."""
        expat.ParserCreate().Parse(content, True)  # noqa: FBT003 - its only argument
        self.messages += 1


def _watching(count: Count, folder: str, every_s: float) -> Callable[[], None]:
    known: dict[str, int] = {}

    def look() -> None:
        for entry in os.scandir(folder):
            if entry.name.endswith(".xml") and known.get(entry.name) != entry.stat().st_mtime_ns:
                known[entry.name] = entry.stat().st_mtime_ns
                count.parse(Path(entry.path).read_bytes())

    def watch() -> None:
        while True:
            look()
            pause(every_s)

    return watch


def _serving(count: Count, port: int) -> Callable[[], None]:
    """Listen, and return what answers."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # many requests of one connection

        def do_POST(self) -> None:
            count.parse(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return http.server.ThreadingHTTPServer((LOOPBACK, port), Receiver).serve_forever


def main(way: str, *arguments: str) -> None:
    """Answer questions until there are no more."""
    count = Count()
    if way == "files":
        read = _watching(count, arguments[0], float(arguments[1]))
    else:
        read = _serving(count, int(arguments[0]))
    threading.Thread(target=read, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        for _ in sys.stdin:
            print(json.dumps({"heard": count.messages}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
