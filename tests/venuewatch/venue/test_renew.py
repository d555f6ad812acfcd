"""``venuewatch venue renew``: which certificates it makes anew, and what it leaves."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.venuewatch.venue.centre import Centre, added_in, refused, text_in
from venuewatch.base import clock
from venuewatch.venue.authority import crls, register
from venuewatch.venue.authority.certificates import (
    DAY_S,
    Authority,
    make_authority,
    make_request,
    pem_of,
    read_certificate,
)
from venuewatch.venue.kept import REGISTER

BRIDGE = "pki/hosts/STA/_bridge-STA.key"
STA_1 = "pki/hosts/STA/STA-1.key"


@pytest.fixture
def added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Centre:
    centre = added_in(tmp_path)
    capsys.readouterr()
    return centre


def renewed(centre: Centre, *words: str) -> set[str]:
    """Return the keys that a renewal has made anew."""
    before = centre.files()
    assert centre.run("renew", *words) == 0
    after = centre.files()
    return {name for name in after if name.endswith(".key") and after[name] != before.get(name)}


def age(centre: Centre, name: str, days_left: float) -> None:
    """Have the register say that a certificate ends then."""
    path = centre.place / REGISTER
    known = json.loads(path.read_bytes())
    for entry in known["issued"]:
        if entry["name"] == name:
            entry["not_after"] = clock.wall() + days_left * DAY_S
    path.write_text(json.dumps(known))


@pytest.mark.parametrize("days_left", [29.0, 0.0, -3.0])
def test_certificate_that_ends_soon_or_has_ended_is_renewed(
    added: Centre, days_left: float
) -> None:
    age(added, "STA-1", days_left)

    assert renewed(added, "--expiring", "30") == {STA_1}


def test_host_whose_certificate_ended_long_ago_is_renewed(added: Centre) -> None:
    age(added, "STA-1", -40.0)
    assert renewed(added) == set()  # the register has forgotten it now

    assert renewed(added, "--expiring", "30") == {STA_1}


@pytest.mark.parametrize("words", [("STA",), ("STA/_bridge-STA",), ("--expiring", "300")])
def test_bridge_is_renewed_as_the_hosts_are(added: Centre, words: tuple[str, ...]) -> None:
    assert added.add("STA", "--bridge") == 0
    rules = added.files()["venuewatch.acl"]

    assert BRIDGE in renewed(added, *words)

    assert added.files()["venuewatch.acl"] == rules
    assert added.run("list", secret=False) == 0


def test_venue_without_a_bridge_has_none_to_renew(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = refused(capsys, added.run("renew", "STA/_bridge-STA"))

    assert 'unknown host "_bridge-STA"' in line


def test_foreign_host_is_renewed_only_if_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = Centre(tmp_path)
    assert centre.add("STA", "--csr") == 0
    capsys.readouterr()

    assert renewed(centre, "STA") == set()
    assert "not renewed, since a foreign authority signs: STA/STA-1" in capsys.readouterr().out
    assert renewed(centre, "--expiring", "3000") == set()
    assert renewed(centre, "STA/STA-1") == {STA_1}


def test_host_that_keeps_its_key_has_no_other_one_here(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    _, request = make_request("STA-1")
    path = added.place / "host.csr"
    path.write_bytes(request)

    assert added.run("renew", "STA/STA-1", "--sign", str(path)) == 0

    assert STA_1 not in added.files()
    said = capsys.readouterr().out
    assert "its key" not in said
    assert f"bring {added.place}/agents/STA/STA-1/host.pem to the host" in said


def test_revoked_host_that_is_left_out_is_told(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    path = added.place / "inventory.d" / "STA.toml"
    path.write_text(path.read_text().replace('"STA-1"\n', '"STA-1"\nrevoked = true\n'))

    assert renewed(added, "STA") == {"pki/hosts/STA/STA-2.key"}

    assert "not renewed, since it is revoked: STA/STA-1" in capsys.readouterr().out


class Foreign:
    """A foreign authority, and its lists in a folder of a centre."""

    def __init__(self, centre: Centre, made: Authority) -> None:
        self.centre, self.made = centre, made
        self.pem = centre.place / "others.pem"
        self.pem.write_bytes(pem_of(made.certificate))

    def bring(self, at: float, number: int = 1) -> int:
        """Bring a list of that time; return the command's exit code."""
        path = self.centre.place / "others.crl"
        path.write_bytes(crls.make_crl(self.made, (), at, number))
        return self.centre.run("renew", "--foreign", str(self.pem), "--crl", str(path))


def test_list_older_than_the_one_in_force_is_refused(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    now = clock.wall()
    foreign = Foreign(added, make_authority("others", now))
    assert foreign.bring(now) == 0
    before = added.files()["broker/crl.pem"]
    capsys.readouterr()

    (line,) = refused(capsys, foreign.bring(now - DAY_S))

    assert "older than the one that is in force" in line
    assert added.files()["broker/crl.pem"] == before


def test_same_authority_in_another_file_is_not_taken_twice(added: Centre) -> None:
    now = clock.wall()
    foreign = Foreign(added, make_authority("others", now))
    assert foreign.bring(now) == 0
    foreign.pem.unlink()
    foreign.pem = added.place / "again.pem"
    foreign.pem.write_bytes(pem_of(foreign.made.certificate).replace(b"\n", b"\r\n"))

    assert foreign.bring(now) == 0

    made = added.files()
    assert made["broker/clients.pem"].count(b"BEGIN CERTIFICATE") == 3
    assert made["broker/crl.pem"].count(b"BEGIN X509 CRL") == 3


@pytest.mark.parametrize("years", [-11, 11])
def test_foreign_authority_that_is_not_valid_is_refused(
    added: Centre, capsys: pytest.CaptureFixture[str], years: int
) -> None:
    now = clock.wall()
    foreign = Foreign(added, make_authority("others", now + years * 365 * DAY_S))

    (line,) = refused(capsys, foreign.bring(now))

    assert "expected an authority that is valid now" in line


def test_authority_of_ours_is_no_foreign_one(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    pki = added.place / "pki"

    code = added.run(
        "renew", "--foreign", str(pki / "next" / "ca.pem"), "--crl", str(pki / "crl.pem")
    )

    assert len(refused(capsys, code)) == 1


def test_foreign_authority_has_a_file_name_that_a_backup_takes(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    now = clock.wall()
    foreign = Foreign(added, make_authority("others", now))
    foreign.pem = foreign.pem.rename(added.place / ".others.pem")

    (line,) = refused(capsys, foreign.bring(now))

    assert "rename the file" in line


def test_register_knows_each_certificate_that_was_renewed(added: Centre) -> None:
    renewed(added, "STA")

    known = register.read(added.files()[REGISTER])
    for host in ("STA-1", "STA-2"):
        latest = known.current(host, clock.wall())
        pem = added.files()[f"agents/STA/{host}/host.pem"]
        assert latest is not None
        assert read_certificate(pem).serial_number == int(latest.serial, 16)


@pytest.mark.parametrize(
    ("stop_from", "expected"), [(1, ["aggregator", "broker"]), (2, ["broker"])]
)
def test_daily_renewal_tells_the_aggregator_of_a_large_fleet_first(
    added: Centre, monkeypatch: pytest.MonkeyPatch, stop_from: int, expected: list[str]
) -> None:
    reloaded: list[str] = []

    def reload(command: Sequence[str]) -> str:
        reloaded.append(command[0])
        return ""

    monkeypatch.setattr("venuewatch.venue.commands.renew.STOP_FROM_HOSTS", stop_from)
    monkeypatch.setattr("venuewatch.venue.common.reload", reload)
    own = {"reload_aggregator": '["aggregator"]', "reload_broker": '["broker"]'}
    added.write("venues.toml", text_in(added.place, **own))

    assert added.run("renew") == 0

    assert reloaded == expected
