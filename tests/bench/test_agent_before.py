"""Tests of the agent's bench against another commit: what it compares, and what it can't."""

import json
import subprocess
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.agent import BEFORE, BESIDE, NOT_HEAVIER, OURS, compare_with_before, in_turn, means
from bench.kit.machine import program
from bench.kit.processes import ROOT, BenchError
from bench.kit.result import Row
from bench.kit.venue_host import checkout, venue_host

needs_git = pytest.mark.skipif(
    program("git") is None or not (ROOT / ".git").exists(), reason="this is no checkout of git"
)


def rows(rss_mib: float, cpu_s: float) -> list[Row]:
    """Return rows of our agents, and of those before with 27 MiB and 0.06 s a minute."""
    return [
        {"side": BESIDE, "rss_mib": rss_mib, "cpu_s_per_min": cpu_s},
        {"side": BEFORE, "rss_mib": 27.0, "cpu_s_per_min": 0.06},
    ]


def test_agent_is_held_against_the_one_before() -> None:
    compared = rows(27.4, 0.063)

    compare_with_before(compared)

    assert compared[0]["rss_mib_over_before"] == 0.4
    assert compared[0]["cpu_against_before"] == 1.05


def test_lighter_agent_is_below_the_one_before() -> None:
    compared = rows(26.0, 0.03)

    compare_with_before(compared)

    assert compared[0]["rss_mib_over_before"] == -1.0
    assert compared[0]["cpu_against_before"] == 0.5


def test_agent_that_runs_alone_is_compared_with_nothing() -> None:
    compared = rows(27.0, 0.06)[:1]

    compare_with_before(compared)

    assert list(compared[0]) == ["side", "rss_mib", "cpu_s_per_min"]


def test_means_of_several_agents_are_compared_and_other_sides_stay_as_they_are() -> None:
    own: Row = {"side": OURS, "cpu_s_per_min": 0.05, "pss_mib": None}
    several: list[Row] = [
        {"side": f"{BESIDE} #{number}", "cpu_s_per_min": cost, "pss_mib": None}
        for number, cost in ((2, 0.06), (3, 0.07))
    ]

    assert means([own, *several]) == [
        own,
        {"side": BESIDE, "cpu_s_per_min": 0.065, "pss_mib": None},
    ]


def test_as_many_agents_of_either_side_come_first_of_two_as_come_last() -> None:
    sides = in_turn()

    assert len(sides) == 12
    assert sides.count(BEFORE) == sides[::2].count(BEFORE) + sides[1::2].count(BEFORE) == 6
    assert sides[::2].count(BEFORE) == sides[1::2].count(BEFORE)


@needs_git
def test_agent_of_a_commit_runs_its_own_code(tmp_path: Path) -> None:
    source = checkout("HEAD", tmp_path / "before")
    host = venue_host(tmp_path / "host", source)

    asked = [str(host), "-I", "-c", "import agent, venuewatch; print(agent.__path__)"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout

    assert "site-packages/agent" in said
    link = next((tmp_path / "host").glob("lib/python*/site-packages/agent"))
    assert link.resolve() == source / "agent"


@needs_git
def test_commit_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no-such-commit"):
        checkout("no-such-commit", tmp_path / "before")


@needs_git
@pytest.mark.real
@pytest.mark.skipif(program("mosquitto") is None, reason="mosquitto is not installed")
def test_agent_of_a_commit_is_measured_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.kit.peers.program", lambda _name: None)
    output = tmp_path / "agent.json"
    short = ["--before", "HEAD", "--seconds", "2", "--warm-up", "1", "--output", str(output)]

    assert command.main(["agent", *short]) == 0

    content = json.loads(output.read_text(encoding="utf-8"))
    rows = {row["side"]: row for row in content["rows"]}
    assert content["conditions"]["before"] == "HEAD"
    assert {goal.name for goal in NOT_HEAVIER} <= set(content["goals"])
    assert rows[BEFORE]["rss_mib"] > 0
    assert rows[OURS]["rss_mib"] > 0
    assert isinstance(rows[BESIDE]["cpu_against_before"], float)
    assert "skipped" in rows["node_exporter"]
