"""The README, followed: from a clone to a page that shows a named cause."""

import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real import Process, until

ROOT = Path(__file__).parents[2]
WITHIN_S = 120.0
TOLD = re.compile(
    r'href="(/incidents/\d+)">LIL-timing-01 in LIL is gone: no neighbour that could try reaches it'
)

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """Return a clone, as a stranger has it: what is committed, and no environment."""
    if not (ROOT / ".git").exists():
        pytest.skip("there is nothing to clone")
    folder = tmp_path / "venuewatch"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{ROOT}", folder], check=True)
    yield folder
    shutil.rmtree(folder)


def commands(readme: str) -> tuple[str, str]:
    """Return the command that starts the demo, and the words that break something in it."""
    (start,) = re.findall(r"^    (make demo)\b", readme, re.MULTILINE)
    (words,) = re.findall(r"`venuewatch demo (--break \w+)`", readme)
    return start, words


@pytest.mark.timeout(WITHIN_S + 60)
def test_a_clone_shows_a_named_cause_within_two_minutes(clone: Path) -> None:
    start, words = commands((clone / "README.md").read_text(encoding="utf-8"))
    name = words.split()[-1]

    with Process(clone, "demo", *start.split(), f"ARGS=--port 0 {words}") as running:
        path = until(
            "the page tells of it",
            lambda: found[1] if (found := TOLD.search(shown(running))) else None,
            within_s=WITHIN_S,
            every_s=0.2,
        )
        incident = shown(running, path)
        printed = [line for line in running.said().splitlines() if "http://" in line]

    assert f"cause {name}" in incident
    assert printed[0].startswith("page ")


def shown(running: Process, path: str = "/") -> str:
    """Return what the page at the address that the demo prints first has at a path, or nothing."""
    address = re.search(r"http://127\.0\.0\.1:\d+", running.said())
    if address is None:
        assert running.is_running, running.said()
        return ""
    try:
        with urllib.request.urlopen(address[0] + path) as answer:  # noqa: S310 - matched as http
            body: bytes = answer.read()
    except urllib.error.URLError:
        return ""
    return body.decode()
