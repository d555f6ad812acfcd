"""Content that must advance, through a real agent, Mosquitto and the aggregator."""

import http.server
import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, until

pytestmark = pytest.mark.real

HOST = "STA-1"
NAMES = ("moving", "resting", "exported", "stuck")
WITHIN_S = 60.0
EXPORT = '<ResultList createTime="{at}"><Count>{count}</Count></ResultList>'
PAGE = """
[[check]]
kind = "http"
name = "{name}"
url = "http://127.0.0.1:{port}/{name}"
contains = '"success":true'
every_s = 1
number = {{ json = "/messages" }}
number_rests_s = 5
"""
FILE = """
[[check]]
kind = "file"
name = "{name}"
pattern = "{folder}/{name}.xml"
every_s = 1
must_grow = true
number = {{ xml = "Count" }}
number_rests_s = 5
"""


class Api(http.server.BaseHTTPRequestHandler):
    """Says that all is well; the messages of `/moving` advance, those of `/resting` do not."""

    numbers = itertools.count(1_000)

    def do_GET(self) -> None:
        number = next(self.numbers) if self.path == "/moving" else 1234
        body = b'{"success":true,"messages":%d}' % number
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        pass


@contextmanager
def api() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(WITHIN_S)


@contextmanager
def exports(folder: Path) -> Iterator[None]:
    """Write two files several times a second; only one has news."""
    is_over = threading.Event()

    def write() -> None:
        for at in itertools.count():
            for name, count in (("exported", at), ("stuck", 12)):
                begun = folder / f"{name}.tmp"
                begun.write_text(EXPORT.format(at=at, count=count))
                begun.replace(folder / f"{name}.xml")
            if is_over.wait(0.2):
                return

    thread = threading.Thread(target=write)
    thread.start()
    yield
    is_over.set()
    thread.join(WITHIN_S)


def failed(aggregator: Aggregator) -> set[object]:
    """Return the checks that are told as failed, ever."""
    told = [each for each in aggregator.events("incident") if each["cause"] == "check_failed"]
    return {each.get("check") for each in told if each["change"] == "opened"}


def test_content_that_rests_is_an_incident_and_what_moves_is_not(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(api())
        stack.enter_context(exports(tmp_path))
        inventory = inventory_of(("STA", "wired", 1))
        aggregator = stack.enter_context(Aggregator(tmp_path, broker.port, inventory=inventory))
        checks = "".join(PAGE.format(name=name, port=port) for name in ("moving", "resting"))
        checks += "".join(FILE.format(name=name, folder=tmp_path) for name in ("exported", "stuck"))
        stack.enter_context(Agent(tmp_path, broker.port, HOST, broker=checks))

        until("two fail", lambda: len(failed(aggregator)) == 2, within_s=WITHIN_S)

        page = aggregator.page()
        assert failed(aggregator) == {"resting", "stuck"}
        up = {name: page.value("venuewatch_check_up", host=HOST, check=name) for name in NAMES}
        assert up == {"moving": 1, "resting": 0, "exported": 1, "stuck": 0}
        assert page.value("venuewatch_check_content_number", host=HOST, check="resting") == 1234
        rest_s = page.value("venuewatch_check_content_rest_seconds", host=HOST, check="stuck")
        assert rest_s is not None
        assert rest_s > 5
