"""``venuewatch demo --break NAME``: each scene is explained by the cause of its name."""

import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real import Process, until
from venuewatch.demo.scenes import SCENES

pytestmark = pytest.mark.real

TOLD = re.compile(r"[a-z_]+: ")
WITHIN_S = 60.0  # all 256 hosts come up first, on a machine that is busy with other tests


def demo(folder: Path, *words: str) -> Process:
    command = (sys.executable, "-I", "-m", "venuewatch.cli", "demo", "--port", "0", *words)
    return Process(folder, "demo", *command)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Return a demo in which all is broken, each scene at a venue of its own, but the broker."""
    words = [word for name in SCENES if name != "broker_down" for word in ("--break", name)]
    with demo(tmp_path_factory.mktemp("broken"), *words) as running:
        yield running


@pytest.mark.parametrize("name", [name for name in SCENES if name != "broker_down"])
def test_a_scene_is_told_by_its_cause(broken: Process, name: str) -> None:
    scene = SCENES[name]

    said = until(f"{name} is told", lambda: told_as(name, broken), within_s=WITHIN_S)

    assert scene.host in said[0]
    assert scene.venue in said[0]


def test_nothing_but_the_scenes_is_told(broken: Process) -> None:
    scenes = [name for name in SCENES if name != "broker_down"]
    until("all are told", lambda: all(told_as(name, broken) for name in scenes), within_s=WITHIN_S)

    is_open = open_causes(broken)

    assert sorted(is_open) == sorted(scenes)
    assert {line.split(":")[0] for line in lines(broken) if TOLD.match(line)} <= {
        *scenes, "over", "connection_lost", "silent",
    }  # fmt: skip


def test_a_broker_that_is_down_is_told_and_nothing_else_is(tmp_path: Path) -> None:
    with demo(tmp_path, "--break", "broker_down") as running:
        until("it is told", lambda: told_as("broker_down", running), within_s=WITHIN_S)

        told = {line.split(":")[0] for line in lines(running) if TOLD.match(line)}

    assert told <= {"broker_down", "aggregator_blind", "over"}


def told_as(name: str, running: Process) -> list[str]:
    """Return what is told by a cause; the first such line says what the demo breaks."""
    return [line for line in lines(running) if line.startswith(f"{name}: ")][1:]


def open_causes(running: Process) -> list[str]:
    """Return the cause of each open incident."""
    address = re.search(r"http://127\.0\.0\.1:\d+/", running.said())
    assert address is not None
    url = f"{address[0]}api/v1/incidents?open=1"
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - matched as http
        return [incident["cause"] for incident in json.load(answer)["incidents"]]


def lines(running: Process) -> list[str]:
    return running.said().splitlines()


def test_a_pipe_that_closes_ends_the_demo(tmp_path: Path) -> None:
    running = Process(
        tmp_path,
        "piped",
        "bash",
        "-o",
        "pipefail",
        "-c",
        f"{sys.executable} -I -m venuewatch.cli demo --port 0 | head -1",
    )
    with running:
        assert running.wait() == 0

    assert "Traceback" not in running.said()
