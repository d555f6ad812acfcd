"""``venuewatch venue list``: what ends, and what is missing."""

import json
from pathlib import Path

import pytest

from tests.venuewatch.venue.centre import Centre, added_in, refused
from tests.venuewatch.venue.test_renew import age
from venuewatch.base import clock
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import DAY_S, make_authority


@pytest.fixture
def added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Centre:
    centre = added_in(tmp_path)
    capsys.readouterr()
    return centre


def listed(centre: Centre, capsys: pytest.CaptureFixture[str], code: int) -> list[str]:
    """Return the lines of a list."""
    assert centre.run("list", secret=False) == code
    return capsys.readouterr().out.splitlines()


def test_bridge_and_centre_are_listed_beside_the_hosts(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert added.add("STA", "--bridge") == 0
    capsys.readouterr()

    lines = listed(added, capsys, 0)

    assert [line.split("  ")[0] for line in lines[:-1]] == [
        *("STA/STA-1", "STA/STA-2", "STA/_bridge-STA"),
        *("_centre-aggregator", "_bulk-aggregator", "the broker"),
    ]
    assert lines[-1] == "lists of revoked certificates: valid for 401 days"


@pytest.mark.parametrize("name", ["STA-1", "_bridge-STA"])
@pytest.mark.parametrize(("days", "said"), [(13.0, "valid for 13 days"), (-2.0, "has ended")])
def test_certificate_that_ends_is_told_with_its_renewal(
    added: Centre, capsys: pytest.CaptureFixture[str], name: str, days: float, said: str
) -> None:
    assert added.add("STA", "--bridge") == 0
    capsys.readouterr()
    age(added, name, days)

    lines = listed(added, capsys, 1)

    assert f"STA/{name}  {said}: venuewatch venue renew STA/{name}  (key not handed over)" in lines


def test_host_that_lacks_a_certificate_is_told(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    age(added, "STA-1", -40.0)
    assert added.run("renew") == 0
    capsys.readouterr()

    lines = listed(added, capsys, 1)

    assert lines[0].startswith("STA/STA-1  no certificate: venuewatch venue renew STA/STA-1")


def test_foreign_host_lacks_nothing_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = Centre(tmp_path)
    assert centre.add("STA", "--csr") == 0
    capsys.readouterr()

    assert listed(centre, capsys, 0)[0].startswith("STA/STA-1  no certificate of ours")


@pytest.mark.parametrize("path", ["broker/server.pem", "centre/_bulk-aggregator.pem"])
def test_missing_certificate_of_the_centre_is_told(
    added: Centre, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (added.place / path).unlink()

    lines = listed(added, capsys, 1)

    assert any("no certificate: venuewatch venue renew --centre" in line for line in lines)


def test_missing_lists_are_told(added: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    (added.place / "broker" / "crl.pem").unlink()

    lines = listed(added, capsys, 1)

    assert lines[-1] == "lists of revoked certificates: missing: venuewatch venue renew"


def test_outdated_lists_are_told(added: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    others = make_authority("others", clock.wall())
    old = crls.make_crl(others, (), clock.wall() - 500 * DAY_S, 1)
    path = added.place / "broker" / "crl.pem"
    path.write_bytes(path.read_bytes() + old)

    lines = listed(added, capsys, 1)

    assert lines[-1] == "lists of revoked certificates: outdated: venuewatch venue renew"


def test_missing_register_is_no_empty_one(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    (added.place / "pki" / "clients" / "issued.json").unlink()

    (line,) = refused(capsys, added.run("list", secret=False))

    assert "restore a backup" in line


def test_programs_get_the_same(added: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    assert added.run("list", "--json", secret=False) == 0

    found = json.loads(capsys.readouterr().out)

    assert [row["host"] for row in found["hosts"]] == ["STA-1", "STA-2"]
    assert {row["name"] for row in found["centre"]} >= {"the broker", "_centre-aggregator"}
    assert found["lists_days_left"] > 400
