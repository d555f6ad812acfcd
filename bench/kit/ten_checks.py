"""Ten checks of nine kinds and their targets on the loopback, all of which are well.

A name server, a web server and a TLS server answer. A small results system drops ODF-like messages
into a folder.
"""

import contextlib
import http.server
import itertools
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from bench.kit.mosquitto import Certificates
from bench.kit.processes import LOOPBACK
from bench.kit.scraping import evenly
from venuewatch.base import clock

NAME = "results.example.org"
ADDRESS = "192.0.2.10"
PAGE = b"ready\n"
SERVICE = "cron.service"

_HEADER_BYTES = 12
_ANSWER_FLAGS = 0x8180  # an answer without error, recursion desired and available
_TTL_S = 60
_HANDSHAKE_S = 10.0

_MESSAGE_EVERY_S = 5.0
_UNIT = "SWMM100MFR----FNL-000100"
_LANES = range(1, 9)

Fields: TypeAlias = Mapping[str, str | int | float | list[str]]


@contextlib.contextmanager
def ten_checks(directory: Path, made: Certificates) -> Iterator[str]:
    """Yield them as TOML, at their default pace, while what they look at is there."""
    folder = directory / "results"
    folder.mkdir()
    numbers = itertools.count(1)
    with (
        _serving(socketserver.UDPServer((LOOPBACK, 0), _Names)) as names,
        _serving(http.server.ThreadingHTTPServer((LOOPBACK, 0), _Web)) as web,
        _serving(_TlsServer(made)) as tls,
        evenly(lambda: _drop_message(folder, next(numbers)), _MESSAGE_EVERY_S, what="the feed"),
    ):
        checks: dict[str, Fields] = {
            "ping-a": {"address": LOOPBACK},
            "ping-b": {"address": "127.0.0.2"},
            "tcp": {"address": LOOPBACK, "port": web},
            "dns": {"query": NAME, "server": LOOPBACK, "port": names, "expect": [ADDRESS]},
            "http": {"url": f"http://{LOOPBACK}:{web}/", "contains": "ready"},
            "tls": {"address": LOOPBACK, "port": tls, "ca_file": str(made.authority)},
            "process": {"program": "mosquitto"},
            "service": {"service": SERVICE},
            "file": {"pattern": f"{folder}/*.xml", "max_age_s": 60.0},
            "feed": {"zone": "UTC", "folder": str(folder)},
        }
        yield "".join(_check(name, fields) for name, fields in checks.items())


def _check(name: str, fields: Fields) -> str:
    """Return one check as TOML, its kind before the dash of its name.

    Texts, numbers and lists look in TOML as they do in Python.
    """
    kind = name.partition("-")[0]
    lines = [f'\n[[check]]\nkind = "{kind}"\nname = "{name}"']
    lines += [f"{field} = {value!r}" for field, value in fields.items()]
    return "\n".join(lines) + "\n"


class _Names(socketserver.BaseRequestHandler):
    """Answers every question with one A record."""

    def handle(self) -> None:
        asked, sock = self.request
        question = asked[_HEADER_BYTES : asked.index(b"\0", _HEADER_BYTES) + 5]  # type and class
        header = asked[:2] + struct.pack("!HHHHH", _ANSWER_FLAGS, 1, 1, 0, 0)
        record = struct.pack("!HHHIH", 0xC000 | _HEADER_BYTES, 1, 1, _TTL_S, 4)
        answer = header + question + record + socket.inet_aton(ADDRESS)
        sock.sendto(answer, self.client_address)


class _Web(http.server.BaseHTTPRequestHandler):
    """Has one page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _TlsServer(socketserver.ThreadingTCPServer):
    """Shakes hands with every client, and waits until it hangs up."""

    def __init__(self, made: Certificates) -> None:
        super().__init__((LOOPBACK, 0), socketserver.BaseRequestHandler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(made.server_chain, made.server_key)

    def finish_request(self, request: Any, client_address: object) -> None:
        del client_address
        request.settimeout(_HANDSHAKE_S)
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(request, server_side=True) as sock,
        ):
            sock.recv(1)


@contextlib.contextmanager
def _serving(server: socketserver.UDPServer | socketserver.TCPServer) -> Iterator[int]:
    """Serve in a thread while the block runs; yield the port."""
    thread = threading.Thread(target=server.serve_forever, name="target", daemon=True)
    with server:
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join()


def _drop_message(folder: Path, number: int) -> None:
    """Drop a message into the folder, whole or not at all.

    The first opens the talking window; then come by turns a score and a sign of life.
    """
    if number == 1:
        kind, more = "DT_LOCAL_ON", ""
    elif number % 2:
        kind, more = "DT_KA", ""
    else:
        kind = "DT_CURRENT"
        more = f' DocumentCode="{_UNIT}" ResultStatus="LIVE" Version="{number // 2}"'
    now = datetime.fromtimestamp(clock.wall(), UTC)
    draft = folder / f"{number:06d}.part"
    draft.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Body CompetitionCode="TEST1" DocumentType="{kind}" FeedFlag="P" Source="POOL1"'
        f' Date="{now:%Y-%m-%d}" Time="{now:%H%M%S}{now.microsecond // 1000:03}"'
        f' LogicalDate="{now:%Y-%m-%d}"{more}>'
        + "".join(f'<Result Lane="{lane}" Rank="{lane}" Mark="{40 + lane}.12"/>' for lane in _LANES)
        + "</Body>\n",
        encoding="utf-8",
    )
    draft.rename(draft.with_suffix(".xml"))
