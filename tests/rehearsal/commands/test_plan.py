"""``rehearse plan`` with the real catalogue: the plan that is promised, and its refusals."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.rehearsal.plan.promises import (
    clashes,
    outside_hours,
    quiet_share,
    untouched_share_of_quiet,
    venues_left_out,
)
from venuewatch.cli import main
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.plan.folder import read
from venuewatch.rehearsal.plan.sheet import RunSheet, check_fleet, check_kinds

PROMISED = ("--scenarios=1400", "--days=5", "--officers=83", "--seed=2024")
SMALL = ("--scenarios=200", "--days=2", "--officers=20", "--seed=7")
KIND = """\
title = "A guest pulls a plug"
story = "A guest needs a socket."
policy = "triage"
source = "Own: a test"

[target.server]
scope = "host"

[[step]]
name = "killed"
fault = "agent_killed"
of = "server"
lasts = 20

[[expected]]
of = "server"
cause = "agent_stopped"
detect_within_s = 1
"""


def rehearse(*words: str) -> int:
    try:
        return main(["rehearse", *words])
    except SystemExit as left:
        return int(str(left.code))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("promised") / "plan"
    assert rehearse("plan", *PROMISED, "--out", str(path)) == 0
    return path


@pytest.fixture(scope="module")
def promised(folder: Path) -> RunSheet:
    return read(folder)


def test_the_promised_plan_has_1400_rows_of_all_venues_and_kinds(promised: RunSheet) -> None:
    kinds = read_kinds()
    playable = {name for name, kind in kinds.items() if kind.is_playable}

    assert [row.scenario.number for row in promised.rows] == list(range(1, 1401))
    assert venues_left_out(promised, standard_fleet()) == set()
    assert {row.scenario.kind for row in promised.rows} == playable
    check_fleet(promised, standard_fleet())
    check_kinds(promised, {name: kind.digest for name, kind in kinds.items()})


def test_each_of_83_officers_has_16_to_18_rows(promised: RunSheet) -> None:
    loads = Counter(row.officer for row in promised.rows)

    assert len(loads) == 83
    assert set(loads.values()) <= {16, 17, 18}


def test_the_promised_plan_holds_every_constraint(promised: RunSheet) -> None:
    assert clashes(promised) == []
    assert outside_hours(promised, standard_fleet()) == []
    assert 0.18 <= quiet_share(promised) <= 0.24
    assert untouched_share_of_quiet(promised) >= 1 / 3


def test_nearly_every_officer_stays_at_one_venue_for_a_day(promised: RunSheet) -> None:
    venues: dict[tuple[str, int], set[str]] = {}
    for row in promised.rows:
        venues.setdefault((row.officer, row.day), set()).add(row.scenario.venue)

    assert sum(len(codes) == 1 for codes in venues.values()) >= 0.9 * len(venues)


def test_the_promised_plan_is_the_same_bytes_again(folder: Path, tmp_path: Path) -> None:
    assert rehearse("plan", *PROMISED, "--out", str(tmp_path / "again")) == 0

    for path in folder.rglob("*"):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(folder)
            assert again.read_bytes() == path.read_bytes()


@pytest.mark.timed
def test_the_promised_plan_takes_two_seconds_at_most(tmp_path: Path) -> None:
    began_at = time.process_time()  # that of this process: others may keep the machine busy

    rehearse("plan", *PROMISED, "--out", str(tmp_path / "plan"))

    assert time.process_time() - began_at <= 2.0


def test_a_kind_of_a_folder_of_ones_own_is_planned(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "plug_pulled.toml").write_text(KIND)
    out = tmp_path / "plan"

    code = rehearse("plan", *SMALL, "--kinds", str(tmp_path / "kinds"), "--out", str(out))

    assert code == 0
    mine = [row for row in read(out).rows if row.scenario.kind == "plug_pulled"]
    assert mine
    assert (
        "A guest needs a socket." in (out / "venues" / f"{mine[0].scenario.venue}.html").read_text()
    )


def test_kinds_that_wait_are_planned_when_asked(tmp_path: Path) -> None:
    waiting = {name for name, kind in read_kinds().items() if kind.file.waits_for}

    assert rehearse("plan", *SMALL, "--out", str(tmp_path / "without")) == 0
    assert rehearse("plan", *SMALL, "--waiting", "--out", str(tmp_path / "with")) == 0

    kinds = {row.scenario.kind for row in read(tmp_path / "without").rows}
    assert not waiting & kinds
    assert waiting & {row.scenario.kind for row in read(tmp_path / "with").rows}


@pytest.mark.parametrize("mode", ["simulated", "live"])
def test_a_plan_for_a_mode_has_only_what_it_can_play(tmp_path: Path, mode: str) -> None:
    assert rehearse("plan", *SMALL, "--mode", mode, "--out", str(tmp_path / "plan")) == 0

    assert all(mode in row.scenario.modes for row in read(tmp_path / "plan").rows)


def test_the_summary_is_for_people_or_for_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearse("plan", *SMALL, "--out", str(tmp_path / "one"))
    words = capsys.readouterr().out
    rehearse("plan", *SMALL, "--json", "--out", str(tmp_path / "two"))
    said = json.loads(capsys.readouterr().out)

    assert words.startswith("200 scenarios of ")
    assert "39 venues, 20 officers with 10 to 10 scenarios each" in words
    assert (said["scenarios"], said["venues"], said["seed"]) == (200, 39, 7)
    assert said["left_out"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scenarios=50"], "scenarios: expected at least "),
        (["--scenarios=9000"], "venues: expected at most 7,020 scenarios in the slots of 39"),
        (["--officers=1"], "officers: expected at least "),
        (["--officers=0"], "officers: expected 1 to 1000 or a file, got 0"),
        (["--officers=9999999999"], "officers: expected 1 to 1000 or a file"),
        (["--officers=nobody.csv"], "nobody.csv: No such file"),
        (["--inventory=nothing.toml"], "nothing.toml: No such file"),
        (["--kinds=nowhere"], "nowhere: No such file"),
        (["--slot=5m"], "slot: expected at least "),
        (["--hours=08:00-08:10"], "hours: expected at least one slot of 20m a day"),
        (["--scenarios=400", "--days=1", "--officers=14"], "centre: expected at least "),
        (["--out=/dev/null"], "/dev/null: expected a folder, or none yet"),
        (["--out=/proc/plan"], "/proc/plan: "),
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_made_is_one_line(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = rehearse("plan", "--seed=1", *words)

    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert shown.err.startswith(said)
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--scenarios=0", "expected a whole number from 1 to 20000, got '0'"),
        ("--slot=soon", "expected a length from 1m to 24h, as 20m, got 'soon'"),
        ("--slot=10s", "expected a length from 1m to 24h, as 20m, got '10s'"),
        ("--hours=8-20", "expected hours of a day as 08:00-20:00, got '8-20'"),
        ("--hours=20:00-08:00", "expected hours that end after they begin"),
        ("--first-day=2027-02-30", "expected a day as 2027-05-31, got '2027-02-30'"),
        ("--seed=-1", "expected a whole number from 0"),
        ("--days=61", "expected a whole number from 1 to 60"),
    ],
)
def test_a_wrong_option_says_what_was_expected(
    word: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse("plan", word) == 2
    assert said in capsys.readouterr().err
