"""Bad input through a real broker: counted once, and nothing else changes."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.peer import Peer
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from venuewatch.base.wire.messages import BIRTH_MAX_BYTES, MAX_PAYLOAD_BYTES

pytestmark = pytest.mark.real

BEAT = '{"boot":"b","session":1,"seq":%s,"mono_ms":1,"wall_ms":1}'
GOOD = (BEAT % "1").encode()

BAD = {
    "malformed JSON": ("STA/STA-2/beat", b'{"boot":', "invalid_json"),
    "wrong types": ("STA/STA-2/beat", (BEAT % '"one"').encode(), "wrong_type"),
    "a missing field": ("STA/STA-2/beat", b"{}", "wrong_type"),
    "NaN": ("STA/STA-2/beat", (BEAT % "NaN").encode(), "invalid_json"),
    "a number too large": ("STA/STA-2/beat", (BEAT % "1e999").encode(), "wrong_type"),
    "deep nesting": ("STA/STA-2/beat", b'{"x":' + b"[" * 12_000, "too_deep"),
    "a birth too large": ("STA/STA-2/birth", b" " * (BIRTH_MAX_BYTES + 1), "too_large"),
    "vitals too large": ("STA/STA-2/vitals", b" " * (MAX_PAYLOAD_BYTES + 1), "too_large"),
    "invalid UTF-8": ("STA/STA-2/birth", b'{"boot":"\xff"}', "invalid_utf8"),
    "a topic without names": ("STA/STA 2/beat", GOOD, "bad_topic"),
    "an unknown venue": ("XXX/STA-2/beat", GOOD, "unknown_venue"),
    "a host of another venue": ("TAH/STA-2/beat", GOOD, "wrong_venue"),
    "nothing": ("STA/STA-2/death", b"", "invalid_json"),
}


@pytest.fixture(scope="module")
def aggregator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregator]:
    folder = tmp_path_factory.mktemp("bad-input")
    with (
        Mosquitto(folder) as broker,
        Aggregator(folder, broker.port) as running,
        Agent(folder, broker.port, "STA-1"),
    ):
        running.wait_for("STA-1", "up")
        until("it has connected", lambda: running.events("broker_connected"))
        yield running


def mqtt_port(aggregator: Aggregator) -> int:
    return int(str(aggregator.events("broker_connected")[0]["port"]))


def publish(port: int, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """Publish at QoS 1, and return when the broker has acknowledged it."""
    with Peer(port, "stranger") as stranger:
        stranger.say(f"venuewatch/v1/{topic}", payload, retain=retain)


def rejected(aggregator: Aggregator) -> dict[str, float]:
    found = aggregator.page().of("venuewatch_aggregator_rejected_total")
    return {labels["reason"]: value for labels, value in found}


def hosts(aggregator: Aggregator) -> list[tuple[dict[str, str], float]]:
    """Return who is up, and the state of all but the host that lives: it may be late.

    A host that was never heard becomes unseen by itself.
    """
    page = aggregator.page()
    silent = [
        (labels | {"state": labels["state"].replace("unseen", "unknown")}, value)
        for labels, value in page.of("venuewatch_host_state")
        if labels["host"] != "STA-1"
    ]
    return silent + page.of("venuewatch_host_up")


@pytest.mark.parametrize(("topic", "payload", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_counted_and_changes_nothing_else(
    aggregator: Aggregator, topic: str, payload: bytes, reason: str
) -> None:
    before, hosts_before = rejected(aggregator), hosts(aggregator)

    publish(mqtt_port(aggregator), topic, payload)

    until("it is counted", lambda: rejected(aggregator) != before)
    assert rejected(aggregator) == before | {reason: before[reason] + 1}
    assert hosts(aggregator) == hosts_before
    assert "Traceback" not in aggregator.said()


@pytest.mark.parametrize(
    ("topic", "size"),
    [("beat", 20_000), ("vitals", 1_048_576), ("gossip", 10), ("beat/again", 10)],
)
def test_what_neither_connection_takes_never_comes(
    aggregator: Aggregator, topic: str, size: int
) -> None:
    before = rejected(aggregator)

    publish(mqtt_port(aggregator), f"STA/STA-2/{topic}", bytes(size))
    for stream in ("beat", "vitals"):  # on both, what comes behind it
        publish(mqtt_port(aggregator), f"STA/STA-2/{stream}", b"{}")
    more = before | {"wrong_type": before["wrong_type"] + 2}
    until(
        "what follows is counted", lambda: rejected(aggregator)["wrong_type"] >= more["wrong_type"]
    )

    assert rejected(aggregator) == more


def test_a_retained_beat_is_counted_and_brings_no_host_to_life(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        publish(broker.port, "STA/STA-2/beat", GOOD, retain=True)

        with Aggregator(tmp_path, broker.port) as aggregator:
            until("it is counted", lambda: rejected(aggregator).get("retained") == 1)

            assert aggregator.state("STA-2") == "unknown"


def test_each_reason_is_logged_once_and_never_with_the_payload(aggregator: Aggregator) -> None:
    port = mqtt_port(aggregator)
    secret = struct.pack("8s", b"PASSWORD")
    before = rejected(aggregator)

    for _ in range(3):
        publish(port, "STA/STA-2/beat", b"{" + secret)

    until(
        "all are counted",
        lambda: rejected(aggregator)["invalid_json"] == before["invalid_json"] + 3,
    )
    logged = [entry["reason"] for entry in aggregator.events("message_refused")]
    assert logged.count("invalid_json") == 1
    assert "PASSWORD" not in aggregator.said()
