"""The doctor beside real programs: a running agent keeps its connection."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.kit.processes import free_port
from tests.integration.asked_agent import is_connected, status_in
from tests.integration.real import Agent, Mosquitto, until
from tests.venuewatch.doctor.real.set_up import ticking
from venuewatch import cli

pytestmark = pytest.mark.real

HOST = "STA-1"
TIMES = 5


def examined(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the findings by their check."""
    cli.main(["doctor", "--json", str(path)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["check"]: line for line in lines}


def test_a_running_agent_keeps_its_connection(
    broker: Mosquitto, short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ticking(broker.port), Agent(short_folder, broker.port, HOST):
        until("the agent is connected", lambda: is_connected(short_folder))

        found = [examined(short_folder / f"agent-{HOST}.toml", capsys) for _ in range(TIMES)]
        after = status_in(short_folder)

    assert after is not None
    assert (after.sessions, after.is_connected) == (1, True)
    assert {each["credentials"]["state"] for each in found} == {"well"}
    assert all("asked the agent" in each["credentials"]["text"] for each in found)


def test_without_an_agent_the_doctor_tries_a_session(
    broker: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "{HOST}"\n[broker]\nport = {broker.port}\n')

    found = examined(path, capsys)

    assert (found["port"]["state"], found["credentials"]["state"]) == ("well", "well")
    assert found["acl"]["text"].startswith("no aggregator is heard")


def test_without_a_broker_one_line_is_wrong_and_the_rest_waits_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, path = free_port(), tmp_path / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "{HOST}"\n[broker]\nport = {port}\n')

    found = examined(path, capsys)

    about_broker = ("name", "route", "port", "tls", "credentials", "acl", "limits")
    wrong = [check for check in about_broker if found[check]["state"] == "wrong"]
    assert wrong == ["port"]
    assert f"nothing listens at 127.0.0.1:{port}" in found["port"]["text"]


def test_it_says_in_words_what_is_wrong_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "{HOST}"\n[broker]\nport = {free_port()}\n')

    code = cli.main(["doctor", str(path)])

    out = capsys.readouterr().out
    assert code == 1
    assert "Start the broker, or correct [broker] port" in out
    assert out.splitlines()[-1].startswith(f"{path}: ")
