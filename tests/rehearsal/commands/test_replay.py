"""One scenario of a run is played again by itself, or one line says why not."""

import json
from pathlib import Path

import pytest

from tests.rehearsal.runfile.scenarios import run_of
from venuewatch.base.config import USAGE_ERROR
from venuewatch.cli import main
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.resolve import resolve

FLEET = standard_fleet()
INVENTORY = '[[venue]]\ncode = "XYZ"\n[[venue.host]]\nname = "XYZ-1"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of a run of one scenario."""
    kind = read_kinds()["agent_killed"]
    scenario = resolve(kind, FLEET, number=3, venue=FLEET.venue[0].code, seed=1)
    run_of(tmp_path / "run.sqlite", [scenario]).close()
    return tmp_path / "run.sqlite"


def replay(*words: object) -> int:
    return main(["rehearse", "replay", *map(str, words)])


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


def test_scenario_is_played_again_with_the_same_result(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(path, 3, "--json") == 0
    first = capsys.readouterr().out
    assert replay(path, 3, "--json") == 0

    assert capsys.readouterr().out == first
    assert json.loads(first)["number"] == 3


def test_number_that_is_not_in_the_run_is_refused(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(path, 4) == USAGE_ERROR

    assert refusal(capsys).endswith("expected the number of one of its 1 scenarios, got 4")


def test_scenario_at_a_venue_of_another_fleet_is_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inventory.toml").write_text(INVENTORY)

    assert replay(path, 3, "--inventory", tmp_path / "inventory.toml") == USAGE_ERROR

    assert "which the inventory does not have" in refusal(capsys)


@pytest.mark.parametrize("content", [None, b"", b"[run]\n" * 200], ids=["none", "empty", "text"])
def test_file_that_is_no_run_is_refused(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.sqlite"
    if content is not None:
        path.write_bytes(content)

    assert replay(path, 3) == USAGE_ERROR

    assert refusal(capsys).startswith(f"{path}: ")
