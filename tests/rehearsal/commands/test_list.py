"""``rehearse list``: kinds, and the rows of a run sheet."""

import json
from pathlib import Path

import pytest

from tests.rehearsal.commands.test_plan import SMALL, rehearse
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.plan.folder import read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("listed") / "plan"
    assert rehearse("plan", *SMALL, "--out", str(path)) == 0
    return path


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert rehearse("list", *words) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", ["80", "200"])
def test_every_kind_has_mode_cause_bound_and_policy(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    lines = listed(capsys)

    cut = next(line for line in lines if line.startswith("uplink_cut "))
    assert max(map(len, lines)) <= int(columns)
    assert cut.split()[1:6] == ["simulated", "live", "venue_unreachable", "3", "s"]
    assert "venue_link_loss" in cut
    assert {line.split()[0] for line in lines if line[:1].strip()} >= set(read_kinds())
    assert not any("\x1b" in line for line in lines)


def test_a_kind_that_waits_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    kind = next(kind for kind in read_kinds().values() if kind.file.waits_for)

    (found,) = json.loads("\n".join(listed(capsys, "--json", "--kind", kind.name)))

    assert found["reason"] == f"it waits for {kind.file.waits_for}"
    assert found["detect_within_s"] is None


def test_rows_of_a_plan_are_narrowed_by_venue_officer_and_kind(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read(folder).rows[0]

    (found,) = json.loads(
        "\n".join(
            listed(
                capsys,
                str(folder),
                "--json",
                f"--venue={first.scenario.venue}",
                f"--officer={first.officer}",
                f"--kind={first.scenario.kind}",
            )
        )
    )
    lines = listed(capsys, str(folder))

    assert found["scenario"]["number"] == 1
    assert sum(line[:1].isdigit() for line in lines) == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind=uplink_cot"], 'unknown kind "uplink_cot" - did you mean "uplink_cut"?'),
        (["--venue=STA"], "expected PLAN"),
        (["PLAN", "--venue=XXX"], 'unknown venue "XXX"'),
        (["PLAN", "--officer=Officer 1"], 'unknown officer "Officer 1" - did you mean'),
        (["PLAN", "--kind=weather"], 'unknown kind "weather"'),
        (["nowhere"], "nowhere: No such file"),
        (["/dev/zero"], "/dev/zero: expected a regular file, got a device"),
        (["PLAN", "--inventory=INVENTORY"], "inventory: expected venues of the inventory, got"),
    ],
    ids=str,
)
def test_what_cannot_be_listed_is_one_line(
    words: list[str],
    said: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inventory = tmp_path / "inventory.toml"
    inventory.write_text('[[venue]]\ncode = "AAA"\n[[venue.host]]\nname = "a"\n')
    known = {"PLAN": str(folder), "--inventory=INVENTORY": f"--inventory={inventory}"}

    code = rehearse("list", *(known.get(word, word) for word in words))

    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert said in shown.err
    assert shown.err.count("\n") == 1
