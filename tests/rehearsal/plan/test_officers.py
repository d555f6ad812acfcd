"""Officers: made by number, or read from a file of the operator's."""

import random
from pathlib import Path

import pytest

from tests.rehearsal.plan.kinds import PARIS, TAHITI, fleet
from venuewatch.base.config import ConfigError
from venuewatch.rehearsal.plan.officers import Officer, check, made
from venuewatch.rehearsal.plan.officers_file import read_officers
from venuewatch.rehearsal.plan.terms import PlanError

FLEET = fleet([PARIS] * 3 + [TAHITI])


def test_made_officers_are_numbered_and_share_the_zones_as_venues_do() -> None:
    people = made(8, FLEET.venue, random.Random(1))

    assert [officer.name for officer in people][:2] == ["Officer 01", "Officer 02"]
    assert [officer.zone for officer in people] == [PARIS] * 6 + [TAHITI] * 2


def test_fewer_officers_than_zones_are_refused() -> None:
    with pytest.raises(PlanError, match="officers: expected at least 2, one in each time zone"):
        made(1, FLEET.venue, random.Random(1))


def test_officers_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "officers.toml"
    path.write_text(
        '[[officer]]\nrole = "Network lead"\nvenues = ["V01", "V02"]\nhours = "08:00-14:00"\n'
        '[[officer]]\nname = "A. B."\nrole = "Results"\nzone = "Pacific/Tahiti"\n'
    )

    assert read_officers(path) == (
        Officer(name="Network lead", venues=("V01", "V02"), hours="08:00-14:00"),
        Officer(name="A. B. (Results)", zone=TAHITI),
    )


@pytest.mark.parametrize(
    "text",
    [
        'role,venues,hours\nNetwork lead,"V01, V02",08:00-14:00\n\n',
        "\ufeffRole;Venues;Hours\r\nNetwork lead;V01 V02;08:00-14:00\r\n",
    ],
)
def test_officers_are_read_from_a_spreadsheet(tmp_path: Path, text: str) -> None:
    path = tmp_path / "officers.csv"
    path.write_text(text, encoding="utf-8", newline="")

    assert read_officers(path) == (
        Officer(name="Network lead", venues=("V01", "V02"), hours="08:00-14:00"),
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("o.toml", "", 'missing field "officer"'),
        ("o.toml", "officer = []", "expected a list of 1 to 1000 entries"),
        ("o.toml", '[[officer]]\nnames = "A"', 'unknown field "names" at $.officer[0]'),
        ("o.toml", '[[officer]]\nzone = "UTC"', 'expected "name" or "role" at $.officer[0]'),
        ("o.toml", '[[officer]]\nname = "A"\nhours = "8-20"', "hours of a day as 08:00-20:00"),
        ("o.toml", '[[officer]]\nname = "A"\nhours = "20:00-08:00"', "end after they begin"),
        ("o.toml", '[[officer]]\nname = "\\u001b[2J"', "none that steers a terminal"),
        ("o.csv", "", "expected a column name or role at line 1"),
        ("o.csv", "name\n", "expected 1 to 1000 officers, got 0"),
        ("o.csv", "nmae\nA\n", 'unknown column "nmae" at line 1 - did you mean "name"?'),
        ("o.csv", "name,name\nA,B\n", "expected each column once, got name twice"),
        ("o.csv", "name\nA,B\n", "expected 1 cells, got 2 at line 2"),
        ("o.csv", "name,hours\nA,late\n", "expected hours of a day as 08:00-20:00, got"),
        ("o.csv", 'name\n"A', "unexpected end of data"),
        ("o.csv", "name,zone\n,UTC\n", 'expected "name" or "role" at line 2'),
        ("o.csv", "name\n" + "A" * 200_000, "o.csv: "),
    ],
)
def test_a_wrong_file_of_officers_is_one_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(ConfigError) as refused:
        read_officers(path)

    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("officer", "said"),
    [
        (Officer(name="A", venues=("XXX",)), "expected venues of the inventory for 'A', got 'XXX'"),
        (Officer(name="A", zone="Mars/Olympus"), "expected a time zone for 'A'"),
        (Officer(name="A", zone="Asia/Tokyo"), "expected a time zone of a venue for 'A'"),
        (Officer(name="B"), "expected each name once, got 'B' twice"),
    ],
)
def test_officers_that_do_not_fit_the_fleet_are_refused(officer: Officer, said: str) -> None:
    with pytest.raises(PlanError) as refused:
        check((Officer(name="B"), officer), FLEET.venue)

    assert said in str(refused.value)
