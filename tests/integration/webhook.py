"""A webhook's other end, over real HTTP, that takes notices or refuses them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """A webhook's other end: it answers 200, or 503 while ``takes`` is not set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.takes = threading.Event()
        self.takes.set()
        self.asked: list[str] = []
        self.taken: list[dict[str, Any]] = []

    @property
    def ids(self) -> list[str]:
        return [str(told["id"]) for told in self.taken]

    def told(self) -> list[tuple[str, str, str]]:
        """Return each notice received: change, host or venue, cause."""
        return [
            (told["change"], incident["host"] or incident["venue"], incident["cause"])
            for told in self.taken
            for incident in (told["incident"],)
        ]


class _Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body["id"])
        takes = self.server.takes.is_set()
        if takes:
            self.server.taken.append(body)
        self.send_response(200 if takes else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...
