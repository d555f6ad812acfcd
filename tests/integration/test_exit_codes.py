"""Exit codes: 2 is for configuration alone; what may pass ends with 1, and what can go on does."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from bench.kit.processes import free_port
from tests.integration.real import MODES_APPLY, Aggregator, Under, until

pytestmark = pytest.mark.real

Deed: TypeAlias = Callable[[Path], None]

AGENT = 'venue = "STA"\nhost = "STA-1"\n'


def ended(module: str, config: Path) -> tuple[int, str]:
    """Return how a program ends that ends by itself: its exit code, and its last line."""
    command = [sys.executable, "-I", "-m", module, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr.strip().rpartition("\n")[2]


def configured(folder: Path, address: str = "127.0.0.1:0", more: str = "") -> Path:
    (folder / "inventory.toml").write_text('[[venue]]\ncode = "STA"\nlink = "wired"\n')
    config = folder / "aggregator.toml"
    config.write_text(f'{more}\n[web]\nlisten_address = "{address}"\n')
    return config


def test_a_port_in_use_ends_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        code, line = ended("aggregator", configured(tmp_path, address))

    assert code == 1
    assert line == (
        f"{address}: another program listens there already; end it, or change [web] listen_address"
    )


@pytest.mark.parametrize("address", ["192.0.2.1:8039", "no-such-host.invalid:8039"])
def test_an_address_that_is_not_there_yet_ends_with_1(tmp_path: Path, address: str) -> None:
    code, line = ended("aggregator", configured(tmp_path, address))

    assert code == 1
    assert line.startswith(f"{address}: ")
    assert "[web] listen_address" in line


WRONG: dict[str, Callable[[Path], Path]] = {
    "no file": lambda folder: folder / "nowhere.toml",
    "no TOML": lambda folder: configured(folder, more="] ["),
    "an unknown key": lambda folder: configured(folder, more="colour = 1"),
    "no address": lambda folder: configured(folder, "nowhere"),
    "no inventory": lambda folder: configured(folder, more='inventory = "nowhere.toml"'),
    "no secret": lambda folder: configured(
        folder, more='[broker]\nusername = "centre"\npassword_file = "/nowhere/password"'
    ),
    "no authorities": lambda folder: configured(folder, more='[broker]\nca_file = "/nowhere/ca"'),
    "no web file": lambda folder: configured(folder, '127.0.0.1:0"\nconfig_file = "nowhere.yml'),
    "no secret of a receiver": lambda folder: configured(
        folder, more='[notify]\nwebhook_url = "http://127.0.0.1/"\nbearer_token_file = "/nowhere"'
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_configuration_of_the_aggregator_ends_with_2(
    tmp_path: Path, wrong: Callable[[Path], Path]
) -> None:
    assert ended("aggregator", wrong(tmp_path))[0] == 2


def test_a_wrong_configuration_of_the_agent_ends_with_2(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(AGENT + "colour = 1\n")

    assert ended("agent", config)[0] == 2
    assert ended("agent", tmp_path / "nowhere.toml")[0] == 2


HINDRANCES: dict[str, tuple[str, Deed]] = {
    "a directory": ("journal.sqlite", Path.mkdir),
    "a pipe": ("journal.sqlite", os.mkfifo),
    "a loop of links": ("journal.sqlite", lambda path: path.symlink_to(path)),
    "a link to nowhere": ("journal.sqlite", lambda path: path.symlink_to("/nowhere/journal")),
    "no folder": ("nowhere/journal.sqlite", lambda _: None),
    "a file for a folder": ("file/journal.sqlite", lambda path: path.parent.touch()),
    "a name too long": ("j" * 300, lambda _: None),
    "a device": ("/dev/full", lambda _: None),
}


@pytest.mark.parametrize(("name", "hinder"), HINDRANCES.values(), ids=HINDRANCES.keys())
def test_a_journal_that_can_not_be_is_told_and_does_not_end_us(
    tmp_path: Path, name: str, hinder: Deed
) -> None:
    hinder(tmp_path / name)

    with configured_aggregator(tmp_path, name) as aggregator:
        until("it is told", lambda: "journal_failing" in causes(aggregator))
        is_failing = aggregator.value("venuewatch_aggregator_journal_failing")
        code = aggregator.stop()

    assert (is_failing, code) == (1.0, 0)


def configured_aggregator(folder: Path, journal: str) -> Aggregator:
    """Return an aggregator without a broker, whose journal is at this path; it does not run."""
    aggregator = Aggregator(folder, free_port())
    config = folder / "aggregator.toml"
    config.write_text(f'{config.read_text()}\n[journal]\npath = "{journal}"\n')
    return aggregator


def causes(aggregator: Aggregator) -> set[str]:
    answer = json.loads(aggregator.get("/api/v1/incidents?open=1") or '{"incidents": []}')
    return {each["cause"] for each in answer["incidents"]}


@pytest.mark.parametrize("mode", [0o000, 0o500], ids=["not to be read", "not to be written"])
def test_a_state_folder_of_others_is_told_and_does_not_end_us(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=mode)
    aggregator = configured_aggregator(tmp_path, "state/journal.sqlite").at(Under(*MODES_APPLY))

    with aggregator:
        until("it is told", lambda: "journal_failing" in causes(aggregator))
        state.chmod(0o700)
        until("it is well", lambda: "journal_failing" not in causes(aggregator))

    assert (state / "journal.sqlite").is_file()
