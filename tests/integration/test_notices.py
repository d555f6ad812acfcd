"""Receiver in trouble, with real programs: the first word is out soon after it is well."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.real import (
    Agent,
    Aggregator,
    Mosquitto,
    in_thread,
    inventory_of,
    running_agents,
    until,
)
from tests.kit.receiver import Answer, Receiver

pytestmark = pytest.mark.real

HOSTS = ("STA-1", "STA-2")
OUT_WITHIN_S = 10.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with in_thread(Receiver.serving()) as serving:
        yield serving


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    return path


@pytest.fixture
def aggregator(
    tmp_path: Path, broker: Mosquitto, receiver: Receiver, token: Path
) -> Iterator[Aggregator]:
    more = f'[notify]\nwebhook_url = "{receiver.url}"\nbearer_token_file = "{token}"\n'
    inventory = inventory_of(("STA", "wired", len(HOSTS)))
    with Aggregator(tmp_path, broker.port, inventory=inventory, broker=more) as running:
        yield running


@pytest.fixture
def agents(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[dict[str, Agent]]:
    """Every host, up."""
    with running_agents(tmp_path, broker, aggregator, HOSTS) as agents:
        yield agents


def open_of(aggregator: Aggregator, cause: str, host: str = "") -> list[dict[str, Any]]:
    text = aggregator.get("/api/v1/incidents?open=1")
    assert text is not None
    found: list[dict[str, Any]] = json.loads(text)["incidents"]
    return [one for one in found if (one["host"] == host if host else one["cause"] == cause)]


def opened(receiver: Receiver) -> set[str]:
    return {
        body["incident"]["host"] or body["incident"]["cause"]
        for body in list(receiver.taken)
        if body["change"] == "opened"
    }


@pytest.mark.parametrize("answer", [401, 302, 404, "hang"])
def test_a_page_is_out_soon_after_the_receiver_is_well(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver, answer: Answer
) -> None:
    receiver.usual = answer
    agents["STA-1"].kill()
    until("the fall is known", lambda: open_of(aggregator, "", "STA-1"))
    until("it was tried", lambda: receiver.attempts)

    receiver.usual = 200
    until("it is told", lambda: "STA-1" in opened(receiver), within_s=OUT_WITHIN_S)


def test_a_bad_secret_is_an_incident_and_watching_goes_on(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver, token: Path
) -> None:
    token.chmod(0o644)
    (exposed,) = until("it is told", lambda: open_of(aggregator, "notices_failing"))
    token.unlink()
    agents["STA-1"].kill()
    until("the fall is known", lambda: open_of(aggregator, "", "STA-1"))
    token.write_text("other\n")
    token.chmod(0o600)

    until("both are told", lambda: {"STA-1", "notices_failing"} <= opened(receiver))
    until("it is over", lambda: not open_of(aggregator, "notices_failing"))

    said = exposed["evidence"][0]["detail"]["why"]
    assert said.startswith(f"webhook: {token}: other users may read this secret")
    assert {it.headers["Authorization"] for it in receiver.attempts} <= {
        "Bearer s3cret",
        "Bearer other",
    }


def test_a_pipe_for_a_secret_is_an_incident_and_watching_goes_on(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver, token: Path
) -> None:
    token.unlink()
    os.mkfifo(token, 0o600)
    agents["STA-1"].kill()
    until("the fall is known", lambda: open_of(aggregator, "", "STA-1"))
    (told,) = until("it is told", lambda: open_of(aggregator, "notices_failing"))
    token.unlink()
    token.write_text("other\n")
    token.chmod(0o600)

    until("both are told", lambda: {"STA-1", "notices_failing"} <= opened(receiver))
    until("it is over", lambda: not open_of(aggregator, "notices_failing"))

    said = told["evidence"][0]["detail"]["why"]
    assert said == f"webhook: {token}: expected a regular file, got a pipe"
