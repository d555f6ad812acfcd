"""A run sheet as a folder: written, read again, and refused in one line where it is wrong."""

import random
from pathlib import Path

import msgspec
import pytest

from aggregator.inventory import Inventory
from tests.rehearsal.plan.kinds import PARIS, TAHITI, catalogue, fleet, resolver
from venuewatch.base.config import ConfigError
from venuewatch.rehearsal.plan.folder import read, text_of_plan, write
from venuewatch.rehearsal.plan.officers import made
from venuewatch.rehearsal.plan.planner import plan
from venuewatch.rehearsal.plan.sheet import RunSheet, Settings, check_fleet, check_kinds
from venuewatch.rehearsal.plan.terms import PlanError

FLEET = fleet([PARIS, PARIS, TAHITI])


@pytest.fixture(scope="module")
def sheet() -> RunSheet:
    kinds = catalogue(FLEET)
    asked = Settings(scenarios=24, days=2, slot_s=1200, hours="08:00-12:00", seed=3)
    people = made(3, FLEET.venue, random.Random(1))
    return plan(asked, FLEET, people, kinds, resolver(FLEET, kinds))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_written_is_read_again(sheet: RunSheet, tmp_path: Path) -> None:
    write(tmp_path / "plan", sheet, FLEET, {})

    assert read(tmp_path / "plan") == sheet
    assert read(tmp_path / "plan" / "plan.toml") == sheet


def test_a_folder_has_a_page_for_each_officer_and_venue(sheet: RunSheet, tmp_path: Path) -> None:
    write(tmp_path / "plan", sheet, FLEET, {})

    names = set(tree(tmp_path / "plan"))
    assert names == {
        *("plan.toml", "plan.csv", "index.html"),
        *(f"officers/0{number}.html" for number in (1, 2, 3)),
        *(f"venues/V0{number}.html" for number in (1, 2, 3)),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_the_same_plan_is_the_same_bytes(sheet: RunSheet, tmp_path: Path) -> None:
    write(tmp_path / "one", sheet, FLEET, {})
    write(tmp_path / "two", sheet, FLEET, {})

    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_plan_is_replaced_only_where_that_is_wanted(sheet: RunSheet, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    write(folder, sheet, FLEET, {})
    (folder / "officers" / "99.html").write_text("of an earlier plan")

    with pytest.raises(ConfigError, match="there is a plan already"):
        write(folder, sheet, FLEET, {})
    write(folder, sheet, FLEET, {}, may_replace=True)

    assert "officers/99.html" not in tree(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


@pytest.mark.parametrize("may_replace", [False, True])
def test_a_folder_with_other_files_is_never_touched(
    sheet: RunSheet, tmp_path: Path, *, may_replace: bool
) -> None:
    (tmp_path / "letters.txt").write_text("mine")

    with pytest.raises(ConfigError, match=r"got one with other files"):
        write(tmp_path, sheet, FLEET, {}, may_replace=may_replace)

    assert tree(tmp_path) == {"letters.txt": b"mine"}


def test_a_file_in_the_place_of_the_folder_is_refused(sheet: RunSheet, tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("mine")

    with pytest.raises(ConfigError, match="got another kind of file"):
        write(tmp_path / "plan", sheet, FLEET, {})


def changed(sheet: RunSheet, number: int, **values: object) -> RunSheet:
    rows = list(sheet.rows)
    rows[number - 1] = msgspec.structs.replace(rows[number - 1], **values)
    return msgspec.structs.replace(sheet, rows=tuple(rows))


def refusal_of(text: str, tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read(path)
    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 2", "version: expected a plan of version 1, got 2"),
        ("version = 1", "", "version: expected a plan of version 1, got none"),
        ("version = 1", "version = true", "version: expected a plan of version 1"),
        ("[settings]", "[settings]\ncolour = 1", 'unknown field "colour" at $.settings'),
        ("days = 2", "days = 0", "expected a whole number from 1 to 60, got 0 at $.settings.days"),
        ("[[rows]]", "[[rows]]\nspeed = 9", 'unknown field "speed" at $.rows[0]'),
        ('kind = "', 'mood = 1\nkind = "', 'unknown field "mood" at $.rows[0].scenario'),
        ("[settings]", "[settings", "expected TOML"),
        ("day = 1", "day = " + "[" * 5000, "expected TOML"),
        ("lasts_s = 30.0", "lasts_s = nan", "expected a number, got nan at $.rows["),
        ("lasts_s = 30.0", "lasts_s = -1.0", "rows: expected seconds from 0 to 86400 in scenario"),
        ('after = "cut"', 'after = "cot"', "rows: expected a step of scenario"),
        ('officer = "Officer', 'officer = "Robber', "officers: expected one of the plan"),
        ('name = "Officer 01"', 'name = "Officer 02"', "officers: expected each name once"),
        ('name = "Officer 01"', 'name = "\\u001b[2J"', "expected a name or role of 1 to 80"),
    ],
)
def test_a_damaged_plan_is_one_line(
    sheet: RunSheet, tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = text_of_plan(sheet)
    assert old in text

    line = refusal_of(text.replace(old, new, 1), tmp_path)

    assert said in line


def test_an_officer_twice_at_once_is_refused(sheet: RunSheet, tmp_path: Path) -> None:
    one = next(row for row in sheet.rows if not row.scenario.runs_alone)
    venues = set(one.scenario.venues)
    other = next(
        row
        for row in sheet.rows
        if row is not one and not row.scenario.runs_alone and not venues & set(row.scenario.venues)
    )
    wrong = changed(
        sheet,
        other.scenario.number,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        officer=one.officer,
    )

    line = refusal_of(text_of_plan(wrong), tmp_path)

    assert f"officers: expected officer '{one.officer}' in one scenario at a time" in line


def test_a_venue_twice_at_once_is_refused(sheet: RunSheet, tmp_path: Path) -> None:
    one, other = [row for row in sheet.rows if row.scenario.venue == "V03"][:2]
    names = [officer.name for officer in sheet.officers if officer.name != one.officer]
    wrong = changed(
        sheet,
        other.scenario.number,
        starts_at=one.starts_at + 60,
        ends_at=one.ends_at + 60,
        officer=names[0],
    )

    line = refusal_of(text_of_plan(wrong), tmp_path)

    assert "venues: expected venue 'V03' in one scenario at a time" in line


def test_a_scenario_beside_one_that_hits_the_centre_is_refused(
    sheet: RunSheet, tmp_path: Path
) -> None:
    alone = next(row for row in sheet.rows if row.scenario.runs_alone)
    other = next(
        row
        for row in sheet.rows
        if not row.scenario.runs_alone
        and row.officer != alone.officer
        and alone.scenario.venue not in row.scenario.venues
    )
    wrong = changed(
        sheet, other.scenario.number, starts_at=alone.starts_at + 1, ends_at=alone.ends_at + 1
    )

    line = refusal_of(text_of_plan(wrong), tmp_path)

    assert f"centre: expected scenario {alone.scenario.number} to run alone" in line


def test_a_number_twice_is_refused(sheet: RunSheet, tmp_path: Path) -> None:
    scenario = msgspec.structs.replace(sheet.rows[1].scenario, number=1)

    line = refusal_of(text_of_plan(changed(sheet, 2, scenario=scenario)), tmp_path)

    assert "rows: expected each number once, got scenario 1 twice" in line


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (fleet([PARIS, PARIS]), "expected venues of the inventory, got 'V03'"),
        (fleet([PARIS, PARIS, TAHITI], hosts=8), "expected the one that the plan was made for"),
    ],
)
def test_a_plan_for_another_inventory_is_refused(
    sheet: RunSheet, other: Inventory, said: str
) -> None:
    check_fleet(sheet, FLEET)

    with pytest.raises(PlanError, match=f"inventory: {said}"):
        check_fleet(sheet, other)


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("venue:XXX", "inventory: expected venues and hosts of the inventory, got 'venue:XXX'"),
        ("host:V01/nobody", "inventory: expected venues and hosts of the inventory, got 'host:V01"),
        ("the server", "rows: expected SCOPE:VENUE/HOST/CHECK, got 'the server' in scenario"),
        ("planet:V01", "rows: expected SCOPE:VENUE/HOST/CHECK, got 'planet:V01'"),
    ],
)
def test_a_target_that_is_not_in_the_fleet_is_refused(
    sheet: RunSheet, subject: str, said: str
) -> None:
    row = next(row for row in sheet.rows if row.scenario.orders)
    (order,) = row.scenario.orders
    wrong = msgspec.structs.replace(
        row.scenario, orders=(msgspec.structs.replace(order, targets=(subject,)),)
    )

    with pytest.raises(PlanError) as refused:
        check_fleet(changed(sheet, row.scenario.number, scenario=wrong), FLEET)

    assert str(refused.value).startswith(said)


def test_a_plan_of_kinds_that_went_or_changed_is_refused(sheet: RunSheet) -> None:
    digests = {row.scenario.kind: row.scenario.kind_id for row in sheet.rows}
    kind = sheet.rows[0].scenario.kind
    check_kinds(sheet, digests)

    with pytest.raises(PlanError, match=f"kinds: expected kind '{kind}' .* no longer there"):
        check_kinds(sheet, {name: digests[name] for name in digests if name != kind})
    with pytest.raises(PlanError, match=f"kinds: expected kind '{kind}' .* has changed since"):
        check_kinds(sheet, {**digests, kind: "another"})
