"""``venuewatch demo --break NAME``: each scene is explained by the cause of its name."""

import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.integration.real import Process, until
from tests.kit.page import Page
from venuewatch.demo.scenes import SCENES

pytestmark = pytest.mark.real

WITHIN_S = 60.0  # all 256 hosts come up first, on a machine that is busy with other tests


def demo(folder: Path, *words: str) -> Process:
    command = (sys.executable, "-I", "-m", "venuewatch.cli", "demo", "--port", "0", *words)
    return Process(folder, "demo", *command)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_told_by_its_cause_and_nothing_else_is(tmp_path: Path, name: str) -> None:
    scene = SCENES[name]
    with demo(tmp_path, "--break", name) as running:
        said = until(
            f"{name} is told",
            lambda: [line for line in lines(running) if line.startswith(f"{name}: ")][1:],
            within_s=WITHIN_S,
        )

        assert not scene.host or scene.host in said[0]
        assert scene.venue in said[0]
        told = [line for line in lines(running) if re.match(r"[a-z_]+: ", line)]
        assert {line.split(":")[0] for line in told} <= {name, "over", *BEFORE.get(name, ())}


BEFORE = {
    "agent_stopped": ("connection_lost",),
    "host_frozen": ("silent",),
    "host_down": ("silent",),
    "broker_down": ("aggregator_blind",),
}
"""What is told first, before the neighbours or the broker's port have answered."""


def lines(running: Process) -> list[str]:
    return running.said().splitlines()


def test_two_scenes_at_once_are_two_incidents(tmp_path: Path) -> None:
    with demo(tmp_path, "--break", "clock_skew", "--break", "one_way_loss") as running:
        until(
            "both are told",
            lambda: all(
                sum(line.startswith(f"{name}: ") for line in lines(running)) > 1
                for name in ("clock_skew", "one_way_loss")
            ),
            within_s=WITHIN_S,
        )
        address = re.search(r"http://\S+/metrics", running.said())
        assert address is not None
        try:
            with urllib.request.urlopen(address[0]) as answer:  # noqa: S310 - matched as http
                page = Page(answer.read())
        except urllib.error.URLError:
            pytest.fail("the demo does not answer")
        causes = {labels["cause"] for labels, _ in page.of("venuewatch_host_problem")}
        assert causes == {"clock_skew", "one_way_loss"}


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
