"""``venuewatch rehearse score``: its exit codes, its JSON, and hostile names on a terminal."""

import json
from pathlib import Path

import pytest

from tests.rehearsal.runfile.scenarios import fetch
from tests.rehearsal.score.runs import right_run
from venuewatch.cli import main
from venuewatch.rehearsal.score import marks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def test_all_passed_is_exit_0(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right_run(path).close()

    code = main(["rehearse", "score", str(path)])

    assert code == 0
    assert "passed 3 of 3 judged; 0 void, 0 not judged" in capsys.readouterr().out


def test_a_missed_mark_is_exit_1_and_said(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    right_run(path).close()
    fetch(path, "UPDATE seen SET at = at + 2.5 WHERE change = 'opened' AND incident = 2")

    code = main(["rehearse", "score", str(path)])

    out, err = capsys.readouterr()
    assert code == 1
    assert "passed 2 of 3 judged" in out
    assert "detected after 4.5 s" in out
    assert err == "1 of 3 judged scenarios failed\n"


def test_the_json_has_all_of_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right_run(path).close()

    main(["rehearse", "score", str(path), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert found["counts"] == {"pass": 3, "fail": 0, "void": 0, "not_judged": 0}
    assert found["measures"]["acknowledged"]["not_judged"] == 3
    assert found["scored"][0]["measures"]["detected"] == {
        "verdict": "pass",
        "value_s": 2.0,
        "limit_s": 3.0,
        "why": "",
    }


def test_other_marks_make_another_score(path: Path, tmp_path: Path) -> None:
    right_run(path).close()
    strict = tmp_path / "strict.toml"
    strict.write_text("told_within_s = 0.1\n")

    assert main(["rehearse", "score", str(path), "--marks", str(strict)]) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("told_within = 1\n", 'unknown field "told_within" at $ - did you mean "told_within_s"?'),
        ("told_within_s = -1\n", "expected a number from 0 to 86400, got -1 at $.told_within_s"),
        ("void_share_max = 2\n", "expected a number from 0 to 1, got 2"),
        ('not_judged = ["tolt"]\n', 'unknown value "tolt" at $.not_judged[0]'),
        ("[marks\n", "expected TOML"),
    ],
)
def test_marks_that_make_no_sense_are_one_line(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    right_run(path).close()
    bad = tmp_path / "marks.toml"
    bad.write_text(text)

    code = main(["rehearse", "score", str(path), "--marks", str(bad)])

    err = capsys.readouterr().err
    assert (code, err.count("\n")) == (2, 1)
    assert words in err


def test_a_missing_run_is_exit_2(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["rehearse", "score", str(path)])

    assert (code, capsys.readouterr().err.count("\n")) == (2, 1)
    assert not path.exists()


def test_hostile_names_are_shown_and_not_obeyed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right_run(path, 1).close()
    fetch(path, "UPDATE attempt SET void_reason = '[red]' || char(27) || '[2Jno room[/nothing]'")

    code = main(["rehearse", "score", str(path)])

    out = capsys.readouterr().out
    assert code == 1
    assert "\x1b[2J" not in out
    assert "[red]" in out


def test_the_file_of_marks_says_the_defaults() -> None:
    assert marks.load() == marks.Marks()
