"""Tests of the soak: what its rows say of samples, what it refuses, and a short real run."""

import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import soak
from bench.kit import machine
from bench.kit.result import Row
from bench.kit.soaked import Sample


def samples(*agent_kib: float, events: int = 10, files: tuple[int, ...] = ()) -> list[Sample]:
    """Return samples of an agent, while the journal grows by 400 bytes an event."""
    counts = files or (8,) * len(agent_kib)
    return [
        Sample(kib, count, 40_000.0, 12, 100_000 + at * events * 400, at * events)
        for at, (kib, count) in enumerate(zip(agent_kib, counts, strict=True))
    ]


def row(*agent_kib: float, minute_s: float = 60.0, files: tuple[int, ...] = ()) -> Row:
    judged = [(each.agent_kib, each.agent_files) for each in samples(*agent_kib, files=files)]
    return soak.growth_row("agent", judged, minute_s / 60)


def test_growth_is_the_slope_over_all_minutes() -> None:
    assert row(100.0, 110.0, 120.0, 130.0)["growth_kib_per_min"] == 10.0
    assert row(100.0, 100.0, 100.0)["growth_kib_per_min"] == 0.0


def test_one_odd_minute_at_the_end_is_no_growth_of_all() -> None:
    grown = row(*(100.0,) * 20, 140.0)["growth_kib_per_min"]

    assert isinstance(grown, float)
    assert 0.0 < grown < 2.0


def test_growth_in_short_minutes_is_told_by_the_minute() -> None:
    assert row(100.0, 110.0, 120.0, minute_s=6.0)["growth_kib_per_min"] == 100.0


def test_descriptors_are_off_by_the_most_they_ever_were() -> None:
    assert row(1.0, 1.0, 1.0, 1.0, files=(8, 9, 5, 8))["descriptors_off_by"] == 3


def test_journal_grows_by_so_many_bytes_an_event() -> None:
    told = soak.journal_row(samples(1.0, 1.0, 1.0))

    assert (told["events"], told["bytes_per_event"]) == (20, 400.0)


def test_journal_without_events_has_no_growth_by_event() -> None:
    assert soak.journal_row(samples(1.0, 1.0, events=0))["bytes_per_event"] is None


def test_soak_with_nothing_to_judge_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["soak", "--minutes", "10", "--settled", "9"]) == 1

    said = capsys.readouterr().err
    assert "mosquitto is not installed" in said or "at least 2 minutes" in said


@pytest.mark.real
@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(machine.program("mosquitto") is None, reason="mosquitto is not installed")
def test_short_soak_plays_each_fault_and_leaves_all_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "soak.json"
    short = ["--minutes", "5", "--settled", "1", "--clients", "40", "--minute", "12"]

    assert command.main(["soak", *short, "--output", str(output)]) == 0

    content = json.loads(output.read_text(encoding="utf-8"))
    rows = {row["side"]: row for row in content["rows"]}
    assert list(rows) == ["agent", "aggregator", "journal"]
    assert content["conditions"]["hosts_up_at_the_end"] == 41
    assert rows["journal"]["events"] > 0
    assert rows["agent"]["descriptors_off_by"] <= 2
    said = capsys.readouterr().err
    for fault in ("leaves and returns", "alone beat", "broker stands still"):
        assert fault in said
