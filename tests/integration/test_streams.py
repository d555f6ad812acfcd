"""A results system is followed through the whole chain: agent, broker, aggregator, metrics."""

import socket
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.integration.real import Agent, Aggregator, Mosquitto, until

pytestmark = pytest.mark.real

WITHIN_S = 60.0
TIMER = """[[check]]
kind = "stream"
name = "timer"
every_s = 1
listen = "127.0.0.1:{port}"
number_rests_s = 3
number = {{ json = "/n" }}
alive = {{ regex = "^([*])" }}
"""
DEAF = """[[check]]
kind = "stream"
name = "deaf"
every_s = 1
listen = "127.0.0.1:{port}"
"""


def states_of(aggregator: Aggregator) -> dict[str, str]:
    found = aggregator.page().of("venuewatch_results_state", kind="stream")
    return {labels["check"]: labels["state"] for labels, value in found if value == 1.0}


def causes_of(aggregator: Aggregator) -> set[str]:
    found = aggregator.page().of("venuewatch_incident_opened_timestamp_seconds")
    return {labels["cause"] for labels, _ in found}


def test_stream_is_followed_from_its_box_to_its_incident(tmp_path: Path) -> None:
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        Mosquitto(tmp_path) as broker,
        Aggregator(tmp_path, broker.port) as aggregator,
    ):
        checks = TIMER.format(port=port) + DEAF.format(port=other.getsockname()[1])
        with Agent(tmp_path, broker.port, "STA-1", broker=checks) as agent:

            def becomes(check: str, state: str) -> None:
                until(
                    f"{check} is {state}",
                    lambda: states_of(aggregator).get(check) == state,
                    within_s=WITHIN_S,
                    every_s=0.2,
                )

            becomes("timer", "unknown")
            with socket.create_connection(("127.0.0.1", port)) as box:
                box.sendall(b'{"n": 7}\r\n')
                becomes("timer", "flowing")

                def is_frozen() -> bool:
                    box.sendall(b"*\r\n")
                    return states_of(aggregator).get("timer") == "frozen"

                until("the number rests", is_frozen, within_s=WITHIN_S, every_s=0.2)
            becomes("deaf", "critical")
            until(
                "both are incidents",
                lambda: {"results_frozen", "results_unreadable"} <= causes_of(aggregator),
                within_s=WITHIN_S,
                every_s=0.2,
            )
            number = aggregator.value("venuewatch_results_last_number", check="timer")
            assert not agent.has_crashed

    assert number == 7
