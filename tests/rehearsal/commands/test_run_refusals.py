"""A plan that can not be played as it stands is refused in one line, before anything is made."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.rehearsal.commands.test_plan import KIND
from venuewatch.base.config import USAGE_ERROR
from venuewatch.cli import main
from venuewatch.rehearsal.plan.folder import read, text_of_plan
from venuewatch.rehearsal.plan.sheet import Row, RunSheet
from venuewatch.rehearsal.scenario import Scenario

ASKED = ("--scenarios", "200", "--days", "1", "--officers", "20", "--seed", "1")


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> RunSheet:
    """Return a plan that can be played."""
    path = tmp_path_factory.mktemp("plans") / "plan"
    assert main(["rehearse", "plan", *ASKED, "--out", str(path)]) == 0
    return read(path)


def changed(sheet: RunSheet, change: Callable[[Scenario], Scenario]) -> RunSheet:
    """Return a plan with its first scenario that expects and does something changed."""
    rows = list(sheet.rows)
    at = next(at for at, row in enumerate(rows) if row.scenario.orders and row.scenario.expected)
    rows[at] = msgspec.structs.replace(rows[at], scenario=change(rows[at].scenario))
    return msgspec.structs.replace(sheet, rows=tuple[Row, ...](rows))


def with_cause(scenario: Scenario) -> Scenario:
    first = msgspec.structs.replace(scenario.expected[0], causes=("agent_stoped",))
    return msgspec.structs.replace(scenario, expected=(first, *scenario.expected[1:]))


def with_fault(scenario: Scenario) -> Scenario:
    first = msgspec.structs.replace(scenario.orders[0], fault="earthquake")
    return msgspec.structs.replace(scenario, orders=(first, *scenario.orders[1:]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: msgspec.structs.replace(it, kind="earthquake"), "which is no longer there"),
        (lambda it: msgspec.structs.replace(it, kind_id="0" * 12), "has changed since"),
        (with_cause, 'unknown cause "agent_stoped" at scenario'),
        (with_fault, "expected fault 'earthquake' of scenario"),
    ],
    ids=["kind", "digest", "cause", "fault"],
)
def test_plan_of_what_is_no_longer_there_is_refused(
    sheet: RunSheet,
    change: Callable[[Scenario], Scenario],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(text_of_plan(changed(sheet, change)), encoding="utf-8")

    assert main(["rehearse", "run", str(plan)]) == USAGE_ERROR

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{plan}: ")
    assert words in line
    assert list(tmp_path.iterdir()) == [plan]


def test_kind_of_a_folder_of_ones_own_is_known_where_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("venuewatch.rehearsal.playing.simulation.play", lambda *_, **__: None)
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "plug_pulled.toml").write_text(KIND)
    plan, kinds = str(tmp_path / "plan"), ("--kinds", str(tmp_path / "kinds"))
    assert main(["rehearse", "plan", *ASKED, *kinds, "--out", plan]) == 0
    capsys.readouterr()

    assert main(["rehearse", "run", plan, "--only", "plug_pulled"]) == USAGE_ERROR
    assert "--kinds FOLDER" in capsys.readouterr().err
    assert main(["rehearse", "run", plan, "--only", "plug_pulled", *kinds]) == 0
