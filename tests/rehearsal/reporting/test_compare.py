"""Comparison of two runs: what is better, worse and new, and what is not compared at all."""

from pathlib import Path

import pytest

from aggregator.core.verdicts import silence
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.silence import Reach
from tests.rehearsal.reporting.runs import host_of, one_of, report_of
from tests.rehearsal.runfile.scenarios import fetch, run_of
from tests.rehearsal.score.runs import SLOT_S, play
from tests.rehearsal.score.simulated import rehearse
from tests.rehearsal.second.figures import differences
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.reporting.model import Comparison
from venuewatch.rehearsal.score.marks import Marks


def right_run(path: Path, **more: object) -> Path:
    """Write a run of 12 scenarios of three kinds that went right."""
    with run_of(path, (one_of(number, **more) for number in range(1, 13))) as run:
        for number in range(1, 13):
            play(run, number, began=number * SLOT_S, host=host_of(number))
    return path


def wrong_rule(path: Path, kind: str) -> Path:
    """Let all of one kind be named wrongly."""
    of_kind = f"incident IN (SELECT number FROM scenario WHERE kind = '{kind}')"  # noqa: S608
    fetch(path, f"UPDATE seen SET cause = 'agent_stopped' WHERE {of_kind}")  # noqa: S608
    fetch(path, f"UPDATE notice SET cause = 'agent_stopped' WHERE {of_kind}")  # noqa: S608
    return path


def simulated_run(path: Path) -> Path:
    """Write a run that the core as it is has been rehearsed in."""
    rehearsal = rehearse()
    with run_of(path, [spell.scenario for spell in rehearsal.spells]) as run:
        rehearsal.write(run)
    return path


def compared(before: Path, now: Path) -> Comparison:
    found = report_of(now, against=gather(before, Marks())).comparison
    assert found is not None
    return found


def test_a_wrong_rule_is_the_one_that_is_shown(tmp_path: Path) -> None:
    before = right_run(tmp_path / "before.sqlite")
    now = wrong_rule(right_run(tmp_path / "now.sqlite"), "server_frozen")

    found = compared(before, now)

    assert [one.kind for one in found.kinds if one.change == "worse"] == ["server_frozen"]
    assert found.kinds[0].measures == ("cause worse: 4 of 4 before, 0 of 4 now",)
    assert found.with_change("same") == 2


def test_the_other_way_round_it_is_better(tmp_path: Path) -> None:
    before = wrong_rule(right_run(tmp_path / "before.sqlite"), "server_frozen")
    now = right_run(tmp_path / "now.sqlite")

    found = compared(before, now)

    assert [one.kind for one in found.kinds if one.change == "better"] == ["server_frozen"]
    assert found.with_change("worse") == 0


def test_kinds_of_one_run_only_are_new_or_gone(tmp_path: Path) -> None:
    before = right_run(tmp_path / "before.sqlite", kind="rain")
    now = right_run(tmp_path / "now.sqlite")

    found = compared(before, now)

    assert found.kinds == ()
    assert found.new == ("agent_killed", "server_frozen", "server_power_off")
    assert found.gone == ("rain",)


def test_a_kind_with_another_text_is_not_compared(tmp_path: Path) -> None:
    before = right_run(tmp_path / "before.sqlite", kind_id="1" * 12)
    now = wrong_rule(right_run(tmp_path / "now.sqlite"), "server_frozen")

    found = compared(before, now)

    assert found.kinds == ()
    assert found.changed == ("agent_killed", "server_frozen", "server_power_off")


def test_void_scenarios_make_nothing_worse(tmp_path: Path) -> None:
    before, now = right_run(tmp_path / "before.sqlite"), right_run(tmp_path / "now.sqlite")
    fetch(now, "UPDATE attempt SET void_reason = 'no room' WHERE number % 3 = 1")

    found = compared(before, now)

    assert found.with_change("worse") == 0
    assert found.with_change("not judged in both") == 1


def test_a_core_with_a_wrong_rule_is_worse_in_the_kind_that_it_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = simulated_run(tmp_path / "before.sqlite")
    wrong = {**silence.CAUSES, (True, Reach.REACHED): Cause.HOST_DOWN}
    monkeypatch.setattr(silence, "CAUSES", wrong)
    now = simulated_run(tmp_path / "now.sqlite")

    found = compared(before, now)

    assert [(one.kind, one.change) for one in found.kinds if one.change != "same"] == [
        ("agent_killed", "worse")
    ]
    assert found.kinds[0].measures == ("cause worse: 1 of 1 before, 0 of 1 now",)
    assert differences(report_of(now, against=gather(before, Marks())), now, against=before) == []
