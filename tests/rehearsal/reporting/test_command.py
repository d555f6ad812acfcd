"""``venuewatch rehearse report``: exit codes, files, officers, hostile names, size and time."""

import csv
import io
import random
import re
import time
from pathlib import Path

import msgspec
import pytest

from tests.rehearsal.plan.kinds import PARIS, TAHITI, catalogue, fleet, resolver
from tests.rehearsal.reporting.runs import host_of, mixed_run, one_of, report_of
from tests.rehearsal.runfile.scenarios import fetch, run_of
from tests.rehearsal.score.runs import SLOT_S, play
from venuewatch.cli import main
from venuewatch.rehearsal.plan.folder import write
from venuewatch.rehearsal.plan.officers import made
from venuewatch.rehearsal.plan.planner import plan
from venuewatch.rehearsal.plan.sheet import Settings, digest_of_sheet
from venuewatch.rehearsal.reporting.files import in_html

HOSTILE = '<script>fetch("http://x.test")</script><img src="//x.test/a">|`=1+1`[a](http://x.test)'
STEERING = "\x1b[2J\u202e\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def hostile_run(path: Path) -> None:
    """Write a run with one failed scenario of each kind of hostile name."""
    names = (HOSTILE + STEERING, "=HYPERLINK(1)" + "x" * 10_000)
    with run_of(
        path,
        (
            one_of(number, title=name, kind=name, policy=name, venues=(name,))
            for number, name in enumerate(names, start=1)
        ),
        versions={HOSTILE: STEERING},
    ) as run:
        for number in (1, 2):
            play(run, number, began=number * SLOT_S, host=host_of(number))
    fetch(path, "UPDATE seen SET at = at + 4 WHERE change = 'opened'")
    fetch(path, "UPDATE attempt SET world = '<b>' || world")
    fetch(path, "UPDATE seen SET world = '<b>' || world, cause = '<i>' || cause")
    fetch(path, "UPDATE notice SET world = '<b>' || world, cause = '<i>' || cause")


def test_exit_codes_are_those_of_the_score(path: Path, tmp_path: Path) -> None:
    with run_of(path, [one_of(1)]) as run:
        play(run, 1, began=SLOT_S, host=host_of(1))
    page = tmp_path / "report.html"

    assert main(["rehearse", "report", str(path), "--html", str(page)]) == 0
    assert "passed 1 of 1 judged; 0 void, 0 not judged" in page.read_text()

    fetch(path, "UPDATE seen SET at = at + 4 WHERE change = 'opened'")

    assert main(["rehearse", "report", str(path)]) == 1


@pytest.mark.parametrize(
    "more",
    [
        ["--html", "run.sqlite"],
        ["--csv", "report", "--markdown", "report"],
        ["--against", "none.sqlite"],
        ["--plan", "none"],
        ["--improvements", "bad.toml"],
        ["--html", "none/report.html"],
        ["--html", "/"],
    ],
)
def test_what_can_not_be_used_is_one_line(
    path: Path,
    tmp_path: Path,
    more: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed_run(path, 3)
    (tmp_path / "bad.toml").write_text("[[improvement]]\nkind = 'a'\nmeasure = 'b'\n")
    monkeypatch.chdir(tmp_path)
    before = path.read_bytes()

    code = main(["rehearse", "report", "run.sqlite", *more])

    assert (code, capsys.readouterr().err.count("\n")) == (2, 1)
    assert path.read_bytes() == before


def test_a_run_without_its_own_facts_is_one_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed_run(path, 3)
    fetch(path, "DELETE FROM run WHERE key = 'plan'")

    code = main(["rehearse", "report", str(path)])

    assert (code, capsys.readouterr().err.count("\n")) == (2, 1)


def test_officers_and_hours_come_from_the_run_sheet(path: Path, tmp_path: Path) -> None:
    inventory = fleet([PARIS, TAHITI])
    kinds = catalogue(inventory)
    asked = Settings(scenarios=24, days=2, slot_s=1200, hours="08:00-12:00", seed=3)
    officers = made(2, inventory.venue, random.Random(1))
    sheet = plan(asked, inventory, officers, kinds, resolver(inventory, kinds))
    write(tmp_path / "plan", sheet, inventory, {})
    run_of(path, (row.scenario for row in sheet.rows), plan=digest_of_sheet(sheet)).close()
    table = tmp_path / "report.csv"

    main(["rehearse", "report", str(path), "--plan", str(tmp_path / "plan"), "--csv", str(table)])

    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert {int(row["number"]): row["officer"] for row in rows} == {
        row.scenario.number: row.officer for row in sheet.rows
    }
    assert {int(row["number"]): row["hour"] for row in rows} == {
        row.scenario.number: f"{row.starts_at // 3600 % 24:02}:00 UTC" for row in sheet.rows
    }


def test_a_plan_of_another_run_is_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = fleet([PARIS, TAHITI])
    kinds = catalogue(inventory)
    asked = Settings(scenarios=24, days=2, slot_s=1200, hours="08:00-12:00", seed=3)
    officers = made(2, inventory.venue, random.Random(1))
    write(
        tmp_path / "plan",
        plan(asked, inventory, officers, kinds, resolver(inventory, kinds)),
        inventory,
        {},
    )
    mixed_run(path, 3)

    code = main(["rehearse", "report", str(path), "--plan", str(tmp_path / "plan")])

    assert code == 2
    assert "expected the run of plan" in capsys.readouterr().err


def test_owners_and_dates_are_those_of_the_file(path: Path, tmp_path: Path) -> None:
    mixed_run(path)
    said, text = tmp_path / "who.toml", tmp_path / "report.md"
    said.write_text(
        '[[improvement]]\nkind = "server_frozen"\nmeasure = "detected"\n'
        'owner = "network"\ndue = "2027-01-31"\n'
        '[[improvement]]\nkind = "rain"\nmeasure = "told"\nowner = "sport"\n'
    )

    main(["rehearse", "report", str(path), "--improvements", str(said), "--markdown", str(text)])

    lines = text.read_text().splitlines()
    assert any("frozen" in line and "network" in line and "2027" in line for line in lines)
    assert any("rain" in line and "sport" in line and "not failed" in line for line in lines)


def test_hostile_names_are_text_in_every_form(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_run(path)
    page, table, text = (tmp_path / f"report.{each}" for each in ("html", "csv", "md"))

    main(
        [
            *("rehearse", "report", str(path), "--html", str(page)),
            *("--csv", str(table), "--markdown", str(text)),
        ]
    )

    forms = [each.read_text(encoding="utf-8") for each in (page, table, text)]
    assert not any(
        sign in form for form in (*forms, capsys.readouterr().out) for sign in "\x1b\u202e"
    )
    assert all(tag not in forms[0] for tag in ("<script", "<img", "<b>", "<i>", "javascript:"))
    assert re.findall(r"<|(?<!\\)[\[\]`!]|http:", forms[2]) == []
    rows = list(csv.reader(io.StringIO(forms[1].removeprefix("\ufeff"))))
    risky = re.compile(r"[=+@\t\r]|-(?![0-9.]+\Z)")  # a number below 0 is no formula
    assert [cell for row in rows for cell in row if risky.match(cell)] == []
    assert any(cell.startswith("'=HYPERLINK") for row in rows for cell in row)
    assert max(map(len, forms)) < 200_000


@pytest.mark.timed
def test_1400_scenarios_are_reported_within_5_s_and_5_mb(path: Path, tmp_path: Path) -> None:
    mixed_run(path, 1_400)
    page = tmp_path / "report.html"

    began = time.process_time()
    main(["rehearse", "report", str(path), "--html", str(page), "--csv", f"{page}.csv"])
    took_s = time.process_time() - began

    assert took_s <= 5.0
    assert page.stat().st_size <= 5_000_000


def test_a_page_where_all_failed_is_still_small(path: Path) -> None:
    mixed_run(path, 60)
    report = report_of(path)
    failed = report.with_verdict("fail")[0]
    text = "x" * 300
    longest = failed._replace(title=text, venue=text, whys=(text,), lines=failed.lines * 2)

    page = in_html(report._replace(entries=(longest,) * 1_400))

    assert len(page.encode()) <= 5_000_000
    assert msgspec.json.encode(report.whole)
