"""The bench of access rules: the rules of a fleet, and a short run of it."""

import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import acl
from bench.kit import machine

needs_mosquitto = pytest.mark.skipif(
    machine.program("mosquitto") is None, reason="mosquitto is not installed"
)


def test_each_host_has_a_block_of_literal_lines() -> None:
    rules = acl.rules_of(80)

    blocks = [block for block in rules.split("user ") if block.startswith("host-")]
    assert len(blocks) == 80
    assert not [block for block in blocks if "+" in block or "pattern" in block]


@needs_mosquitto
@pytest.mark.real
def test_stop_of_each_size_is_measured_beside_the_quiet(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    short = ("--hosts", "20", "200", "--rounds", "2", "--seconds", "0.3")

    assert command.main(["acl", *short, "--output", str(output)]) == 0

    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert [row["side"] for row in rows] == ["20 hosts", "200 hosts"]
    for row in rows:
        assert 0 < row["reload_median_ms"] <= row["reload_longest_ms"]
        assert row["quiet_longest_ms"] > 0


@needs_mosquitto
@pytest.mark.real
def test_broker_that_did_not_reload_spoils_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acl, "_reload", lambda _: None)

    short = ("--hosts", "5", "--rounds", "1", "--seconds", "0.1")
    assert command.main(["acl", *short, "--output", str(tmp_path / "out.json")]) == 1

    assert "the broker read its files 0 times" in capsys.readouterr().err
