"""A webhook's other end, over real HTTP, that answers as the test says."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """A webhook's other end: it answers each POST with the next of ``answers``, else with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: queue.SimpleQueue[int] = queue.SimpleQueue()
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
        status = 503 if not self.server.takes.is_set() else 200
        if not self.server.answers.empty():
            status = self.server.answers.get()
        if status == 200:
            self.server.taken.append(body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...
