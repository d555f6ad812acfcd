"""Pushes of a results server, and who is turned away, as all others see them."""

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.agent.checks.feed.door import BODY
from tests.integration.real import Agent, Aggregator, Mosquitto, until

pytestmark = pytest.mark.real

CHECK = """\
[[check]]
kind = "feed"
name = "odf"
every_s = 1.0
zone = "UTC"
keep_alive_limit_s = 3.0
listen_port = {port}
api_key_file = "{key}"
"""
LIMIT_S = 30.0


@pytest.fixture
def port(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[int]:
    """The port of a feed on STA-1."""
    port, key = free_port(), tmp_path / "feed.key"
    key.write_text("s3cret\n")
    check = CHECK.format(port=port, key=key)
    with Agent(tmp_path, broker.port, "STA-1", broker=check):
        aggregator.wait_for("STA-1", "up")
        yield port


def push(port: int, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("POST", "/", gzip.compress(BODY), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def is_in(aggregator: Aggregator, state: str) -> bool:
    return aggregator.value("venuewatch_results_state", host="STA-1", state=state) == 1


def refused(aggregator: Aggregator, reason: str) -> float | None:
    return aggregator.value("venuewatch_results_refused_total", host="STA-1", reason=reason)


def opened(aggregator: Aggregator) -> list[str]:
    text = aggregator.get("/api/v1/incidents?open=1")
    assert text is not None
    return [each["cause"] for each in json.loads(text)["incidents"]]


def test_sender_that_knocks_in_vain_becomes_an_incident(aggregator: Aggregator, port: int) -> None:
    def knocks_until(what: str, is_so: Callable[[], bool], status: int, **headers: str) -> None:
        def is_told() -> bool:
            return push(port, **headers) == status and is_so()

        until(what, is_told, within_s=LIMIT_S, every_s=0.2)

    until("the feed is unknown", lambda: is_in(aggregator, "unknown"))
    at_first = refused(aggregator, "key")
    knocks_until("the feed is critical", lambda: is_in(aggregator, "critical"), 401)
    knocks_until("it is told", lambda: opened(aggregator) == ["results_unreadable"], 401)
    later = refused(aggregator, "key")
    key = {"X-API-KEY": "s3cret"}
    knocks_until("it flows", lambda: is_in(aggregator, "flowing"), 200, **key)
    knocks_until("all is well", lambda: not opened(aggregator), 200, **key)

    assert at_first == 0
    assert later is not None
    assert later > 0
