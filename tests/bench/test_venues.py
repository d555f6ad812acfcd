"""The bench of venues that come in: a short run of it."""

import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import venues


def test_each_venue_is_a_command_that_is_timed(tmp_path: Path) -> None:
    output = tmp_path / "out.json"

    assert command.main(["venues", "--venues", "2", "--hosts", "3", "--output", str(output)]) == 0

    (row,) = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert row["side"] == "2 venues of 3"
    assert row["all_s"] >= row["first_s"] > 0
    assert row["rules_bytes"] > 1_000


def test_command_that_fails_spoils_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(venues, "_PASSPHRASE", "short")

    assert command.main(["venues", "--venues", "1", "--output", str(tmp_path / "out.json")]) == 1

    assert "passphrase of 12 characters" in capsys.readouterr().err
