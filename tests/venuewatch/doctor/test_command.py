"""``venuewatch doctor`` as a person and a program read it: lines, JSON, exit codes."""

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path, PosixPath
from types import SimpleNamespace
from typing import Any

import pytest

from venuewatch import cli
from venuewatch.doctor import command
from venuewatch.doctor.findings import Finding, skipped, unknown, well, wrong

FAULT = wrong("nothing listens at mq:1883", "Start the broker")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text('venue = "STA"\nhost = "STA-1"\n')
    return path


def let_find(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> None:
    """Let the only check find these."""
    only = SimpleNamespace(
        PLACES=frozenset({"host"}),
        NEEDS=(),
        look=lambda _site: None,
        judge=lambda _facts: list(found),
    )

    def checks() -> Mapping[str, Any]:
        return {"port": only}

    monkeypatch.setattr(command, "all_checks", checks)


def test_a_fault_is_a_line_with_its_next_step_and_ends_with_1(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_find(monkeypatch, FAULT, well("a"), skipped("b"), unknown("c"))

    code = cli.main(["doctor", str(config)])

    assert code == 1
    assert [line.split(maxsplit=2)[2] for line in capsys.readouterr().out.splitlines()[:2]] == [
        "nothing listens at mq:1883. Start the broker",
        "c",
    ]


def test_what_is_well_is_shown_where_all_is_asked_for(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_find(monkeypatch, well("it is open"))

    code = cli.main(["doctor", "--all", str(config)])

    out = capsys.readouterr().out.splitlines()
    assert code == 0
    assert out[0].split(maxsplit=2) == ["well", "port", "it is open"]
    assert out[1] == f"{config}: 0 wrong, 0 not known, 1 looked at"


def test_json_has_a_line_for_each_finding(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_find(monkeypatch, FAULT, well("it is open"))

    code = cli.main(["doctor", "--json", str(config)])

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == 1
    assert first == {
        "config": str(config),
        "check": "port",
        "state": "wrong",
        "text": "nothing listens at mq:1883",
        "todo": "Start the broker",
    }
    assert second["state"] == "well"


def test_what_is_only_not_known_ends_with_0(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_find(monkeypatch, unknown("no systemd"))

    assert cli.main(["doctor", str(config)]) == 0
    assert "no systemd" in capsys.readouterr().out


def test_where_nothing_is_installed_the_line_says_what_to_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "INSTALLED", (Path("/nowhere/agent.toml"),))

    code = cli.main(["doctor"])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err == "nothing to look at: there is no /nowhere/agent.toml; name a file\n"


def test_file_that_can_not_be_read_hides_no_other(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    let_find(monkeypatch, FAULT)
    broken = config.with_name("aggregator.toml")
    broken.write_text("=")

    code = cli.main(["doctor", str(broken), str(config)])

    told = capsys.readouterr()
    assert code == 2
    assert told.err.startswith(f"{broken}: expected TOML")
    assert "nothing listens at mq:1883" in told.out


def test_file_in_a_folder_that_is_closed_to_us_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Closed(PosixPath):
        def lstat(self) -> os.stat_result:
            raise PermissionError(errno.EACCES, "closed")

    monkeypatch.setattr(command, "INSTALLED", (Closed("/closed/agent.toml"),))

    code = cli.main(["doctor"])

    assert code == 2
    assert capsys.readouterr().err.startswith("/closed/agent.toml: ")


@pytest.mark.parametrize(
    "content",
    ['venue = "STA"\nhots = "STA-1"\n', "[[venue]]\ncode = 7\n", "="],
)
def test_configuration_that_can_not_be_read_is_one_line(
    config: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    config.write_text(content)

    code = cli.main(["doctor", str(config)])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err.startswith(f"{config}: ")
    assert told.err.count("\n") == 1
