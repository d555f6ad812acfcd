"""Pages and tables of a run sheet: hostile names do nothing, times are those of the venue."""

import csv
import io
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.inventory import Inventory
from tests.rehearsal.plan.kinds import PARIS, TAHITI, catalogue, fleet, resolver
from venuewatch.base.in_toml import in_toml
from venuewatch.rehearsal.plan.folder import read, write
from venuewatch.rehearsal.plan.officers import Officer, made
from venuewatch.rehearsal.plan.planner import plan
from venuewatch.rehearsal.plan.sheet import RunSheet, Settings
from venuewatch.rehearsal.plan.table import entries, in_csv, safe

HOSTILE = '<script>alert("1")</script>'
FORMULA = '=HYPERLINK("http://example.org","STA")'


def planned(inventory: Inventory, officers: tuple[Officer, ...], first_day: str = "") -> RunSheet:
    kinds = catalogue(inventory)
    asked = Settings(
        scenarios=24, days=2, slot_s=1200, hours="08:00-12:00", seed=3, first_day=first_day
    )
    return plan(asked, inventory, officers, kinds, resolver(inventory, kinds))


def hostile_fleet() -> Inventory:
    first, *others = fleet([PARIS, PARIS, TAHITI]).venue
    named = msgspec.structs.replace(first, name=HOSTILE + "\x1b[2J\u202e\x7f")
    return Inventory((named, *others))


def test_hostile_names_are_text_on_every_page(tmp_path: Path) -> None:
    inventory = hostile_fleet()
    sheet = planned(inventory, (Officer(name=HOSTILE), Officer(name="../../etc/passwd")))

    write(tmp_path / "plan", sheet, inventory, {"cut_0": HOSTILE})

    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "plan").rglob("*.html")]
    assert len(pages) == 1 + 2 + 3
    assert all("<script" not in page for page in pages)
    assert any("&lt;script&gt;" in page for page in pages)
    assert not any(sign in page for page in pages for sign in "\x1b\u202e\x7f")
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]
    assert read(tmp_path / "plan") == sheet


def test_no_page_asks_anybody_for_anything(tmp_path: Path) -> None:
    inventory = fleet([PARIS, TAHITI])
    people = made(2, inventory.venue, random.Random(1))

    write(tmp_path / "plan", planned(inventory, people), inventory, {})

    for path in (tmp_path / "plan").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert not any(word in page for word in ("http:", "https:", "src=", "@import", "url("))


def test_a_story_is_on_the_officer_s_page(tmp_path: Path) -> None:
    inventory = fleet([PARIS, TAHITI])
    people = made(2, inventory.venue, random.Random(1))
    sheet = planned(inventory, people)

    write(tmp_path / "plan", sheet, inventory, {sheet.rows[0].scenario.kind: "A digger comes."})

    pages = {path.stem: path.read_text() for path in (tmp_path / "plan/officers").iterdir()}
    number = 1 + [officer.name for officer in people].index(sheet.rows[0].officer)
    assert "A digger comes." in pages[f"{number:02}"]


def test_a_venue_s_page_has_what_it_plays_for_another(tmp_path: Path) -> None:
    inventory = fleet([PARIS, PARIS, PARIS])
    sheet = planned(inventory, made(2, inventory.venue, random.Random(1)))
    pair = next(row.scenario for row in sheet.rows if len(row.scenario.venues) > 1)

    write(tmp_path / "plan", sheet, inventory, {})

    for code in pair.venues:
        page = (tmp_path / f"plan/venues/{code}.html").read_text()
        assert f'<td class="number">{pair.number}</td>' in page


@pytest.mark.parametrize("name", [FORMULA, "+1", "-1", "@SUM(A1)", "\t=1+1", " =1+1", "\uff1d1"])
def test_no_cell_is_a_formula(name: str) -> None:
    cell = safe(name)

    assert cell.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d"}
    assert cell.isprintable()


@pytest.mark.parametrize("name", ["a;=1+1", "a; =1+1", "a;;@SUM(A1)", ";-1", "a;\uff1d1", "a;\t+1"])
def test_no_cell_is_a_formula_where_a_semicolon_ends_one(name: str) -> None:
    cells = [cell for row in csv.reader(io.StringIO(safe(name)), delimiter=";") for cell in row]

    assert len(cells) > 1
    assert not [cell for cell in cells if cell.lstrip()[:1] in {*"=+-@\uff1d"}]


@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_safe_cell(name: str) -> None:
    cell = safe(name)

    assert cell.isprintable()
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))


@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_the_same_in_toml(name: str) -> None:
    import tomllib  # noqa: PLC0415 - beside what it is for

    assert tomllib.loads(f"a = {in_toml({name or 'b': name})}") == {"a": {name or "b": name}}


def test_the_table_has_the_time_of_the_venue_and_utc() -> None:
    inventory = fleet([PARIS, TAHITI])
    people = made(2, inventory.venue, random.Random(1))
    sheet = planned(inventory, people, first_day="2027-01-04")

    rows = list(csv.DictReader(io.StringIO(in_csv(entries(sheet, inventory)))))

    assert len(rows) == 24
    ahead = {PARIS: 1, TAHITI: -10}
    for row in rows:
        starts, utc = (int(row[name][:2]) for name in ("starts", "starts_utc"))
        assert 8 <= starts < 12
        assert (starts - utc) % 24 == ahead[row["zone"]] % 24
        assert row["date"] == f"2027-01-0{3 + int(row['day'])}"


def test_the_clocks_of_a_plan_change_with_its_days() -> None:
    inventory = fleet([PARIS])
    people = made(2, inventory.venue, random.Random(1))
    sheet = planned(inventory, people, first_day="2027-03-27")  # the clocks go forward on the 28th

    rows = entries(sheet, inventory)

    assert {row.starts[:2] for row in rows} <= {"08", "09", "10", "11"}
    assert min(row.starts_utc for row in rows if row.day == 1) >= "07:00"
    assert max(row.starts_utc for row in rows if row.day == 2) < "10:00"
