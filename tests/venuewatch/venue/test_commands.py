"""The commands of ``venuewatch venue``, on the files of a centre that does not run."""

from pathlib import Path

import pytest

from aggregator import inventory
from tests.venuewatch.venue.centre import HOSTS, PASSPHRASE, Centre, refused, text_in
from venuewatch.base import clock
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import (
    common_name,
    make_authority,
    make_request,
    pem_of,
    read_certificate,
    read_key,
)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.fixture
def added(centre: Centre, capsys: pytest.CaptureFixture[str]) -> Centre:
    assert centre.add() == 0
    capsys.readouterr()
    return centre


def mode(centre: Centre, name: str) -> int:
    return (centre.place / name).stat().st_mode & 0o777


def test_first_venue_makes_all_that_a_centre_needs(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert centre.add() == 0

    made = centre.files()
    certificate = read_certificate(made["agents/STA/STA-1/host.pem"])
    assert common_name(certificate) == "STA-1"
    assert mode(centre, "pki/hosts/STA/STA-1.key") == 0o600
    assert mode(centre, "pki") == 0o700
    assert {"broker/server.pem", "broker/clients.pem", "centre/_bulk-aggregator.key"} <= set(made)
    found = inventory.read_all(centre.place / "inventory.toml")
    assert [venue.code for venue in found.venue] == ["STA"]
    said = capsys.readouterr()
    assert "next:" in said.out
    assert PASSPHRASE not in said.out + said.err
    assert b"PRIVATE" not in (said.out + said.err).encode()


def test_dry_run_says_all_and_changes_nothing(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    before = centre.files()

    assert centre.add("STA", "--dry-run") == 0

    assert centre.files() == before
    assert not (centre.place / "pki").exists()
    assert "inventory.d/STA.toml" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["renew"], ["revoke", "STA"], ["remove", "STA"]])
def test_centre_that_was_never_begun_is_told_and_left_alone(
    centre: Centre, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (_,) = refused(capsys, centre.run(*words))

    assert not (centre.place / "pki").exists()


def test_same_venue_again_keeps_every_certificate(added: Centre) -> None:
    before = added.files()

    assert added.add() == 0

    after = added.files()
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"pki/clients/issued.json", "pki/crl.pem", "broker/crl.pem"}


def test_host_that_is_added_later_gets_its_own(added: Centre) -> None:
    before = added.files()
    added.write("hosts.csv", HOSTS + "STA-3,,\n")

    assert added.add() == 0

    after = added.files()
    assert after["pki/hosts/STA/STA-1.key"] == before["pki/hosts/STA/STA-1.key"]
    assert "pki/hosts/STA/STA-3.key" in after
    assert b"user STA-3\n" in after["venuewatch.acl"]


def test_every_wrong_line_of_both_files_is_told(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.write("venue.toml", "name = 5\nlat = 91\n")
    centre.write("hosts.csv", "host\na b\nc d\n")
    before = centre.files()

    lines = refused(capsys, centre.add())

    assert [line.split(": ")[1] for line in lines] == ["line 1", "line 2", "line 2", "line 3"]
    assert centre.files() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("hosts.csv", "host\nSTA-1\n", "venuewatch venue revoke STA/STA-2"),
        ("passphrase", "another passphrase", "the passphrase is not this key's"),
        ("venuewatch.acl", "# venuewatch venue ends.\n", "expected one line"),
        ("inventory.d/STA.toml", '[[venue]]\ncode = "STA"\n', "written by hand"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    added: Centre, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (added.place / name).unlink()
    added.write(name, text).chmod(0o400)
    before = added.files()

    (line,) = refused(capsys, added.add())

    assert said in line
    assert added.files() == before


def test_venue_of_an_operators_file_is_never_edited(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.write("inventory.toml", '[[venue]]\ncode = "STA"\n')

    (line,) = refused(capsys, centre.add())

    assert "written by hand" in line


def test_name_of_another_venues_host_is_refused(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = refused(capsys, added.add("AQU"))

    assert "no other venue has: STA-1 is at STA" in line


def test_full_disk_changes_nothing(
    added: Centre, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = added.files()
    monkeypatch.setattr("venuewatch.venue.changes._write", full)
    added.write("hosts.csv", HOSTS + "STA-3,,\n")

    assert added.add() == 1  # it may be mended, and the same command then works

    assert "the disk is full" in capsys.readouterr().err
    assert {**added.files(), "hosts.csv": b""} == {**before, "hosts.csv": b""}


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_renewed_host_has_another_key_and_the_older_one_stays_good(added: Centre) -> None:
    before = added.files()

    assert added.run("renew", "STA/STA-1") == 0

    after = added.files()
    assert after["pki/hosts/STA/STA-1.key"] != before["pki/hosts/STA/STA-1.key"]
    assert after["pki/hosts/STA/STA-2.key"] == before["pki/hosts/STA/STA-2.key"]
    (ours, *_) = crls.read_crls(after["broker/crl.pem"])
    assert len(list(ours)) == 1  # the tripwire


def test_renewal_without_a_name_renews_the_lists_alone(added: Centre) -> None:
    before = added.files()

    assert added.run("renew") == 0

    after = added.files()
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"pki/clients/issued.json", "pki/crl.pem", "broker/crl.pem"}


def test_removed_venue_is_in_no_file_any_more(added: Centre) -> None:
    assert added.run("remove", "STA") == 0

    after = added.files()
    assert "inventory.d/STA.toml" not in after
    assert "pki/hosts/STA/STA-1.key" not in after
    assert b"STA-1" not in after["venuewatch.acl"] + after["venues.nft"]
    (ours, *_) = crls.read_crls(after["broker/crl.pem"])
    assert len(list(ours)) == 3


def test_host_that_went_to_another_venue_outlives_its_first(
    added: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venuewatch.venue.revoking.PROVEN_WITHIN_S", 0.0)
    assert added.run("revoke", "STA/STA-1") == 1  # no broker is there to prove it
    added.write("hosts.csv", "host\nSTA-2\n")
    assert added.add() == 0
    added.write("hosts.csv", "host\nSTA-1\n")
    added.write("venue.toml", "")
    assert added.add("AQU") == 0

    assert added.run("remove", "STA") == 0

    after = added.files()
    (ours, *_) = crls.read_crls(after["broker/crl.pem"])
    certificate = read_certificate(after["agents/AQU/STA-1/host.pem"])
    assert ours.get_revoked_certificate_by_serial_number(certificate.serial_number) is None
    assert b"user STA-1\n" in after["venuewatch.acl"]


def test_broker_waits_where_the_aggregator_has_not_forgotten_a_venue(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    told = added.place / "told"
    said = {"reload_aggregator": '["false"]', "reload_broker": f'["touch", "{told}"]'}
    added.write("venues.toml", text_in(added.place, **said))

    assert added.run("remove", "STA") == 1

    assert not told.exists()
    assert f"  false && touch {told}" in capsys.readouterr().out


def test_folder_of_an_operator_is_no_hindrance_to_a_removal(added: Centre) -> None:
    (added.place / "agents" / "STA" / "STA-1" / "notes").mkdir()

    assert added.run("remove", "STA") == 0

    assert "agents/STA/STA-1/host.pem" not in added.files()


@pytest.mark.parametrize("command", ["list", "backup"])
def test_folder_that_may_not_be_entered_is_one_line(
    added: Centre, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)

    words = [str(added.place / "b")] if command == "backup" else []
    (line,) = refused(capsys, added.run(command, *words, secret=False))

    assert "permission denied" in line


def test_list_says_what_each_host_has(added: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    assert added.run("list", secret=False) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("STA/STA-1  valid for 18")
    assert lines[0].endswith("(key not handed over)")


def revoked(centre: Centre, name: str) -> Centre:
    path = centre.place / "inventory.d" / "STA.toml"
    line = f'name = "{name}"\n'
    path.write_text(path.read_text().replace(line, f"{line}revoked = true\n"))
    return centre


def test_renewal_of_a_venue_admits_no_revoked_host(added: Centre) -> None:
    before = revoked(added, "STA-1").files()

    assert added.run("renew", "STA") == 0

    after = added.files()
    assert after["inventory.d/STA.toml"].count(b"revoked = true") == 1
    assert after["pki/hosts/STA/STA-1.key"] == before["pki/hosts/STA/STA-1.key"]
    assert after["pki/hosts/STA/STA-2.key"] != before["pki/hosts/STA/STA-2.key"]
    assert b"user STA-1\n" not in after["venuewatch.acl"]


def test_revoked_host_that_is_named_is_admitted_again(added: Centre) -> None:
    revoked(added, "STA-1")

    assert added.run("renew", "STA/STA-1") == 0

    after = added.files()
    assert b"revoked" not in after["inventory.d/STA.toml"]
    assert b"user STA-1\n" in after["venuewatch.acl"]


def test_revoked_host_stays_so_when_its_venue_is_added_again(added: Centre) -> None:
    revoked(added, "STA-1")

    assert added.add() == 0

    assert b"revoked = true" in added.files()["inventory.d/STA.toml"]


def test_request_that_a_host_made_itself_is_signed(added: Centre) -> None:
    key, request = make_request("_centre-aggregator")  # its name is not what counts
    path = added.place / "host.csr"
    path.write_bytes(request)

    assert added.run("renew", "STA/STA-1", "--sign", str(path)) == 0

    made = read_certificate(added.files()["agents/STA/STA-1/host.pem"])
    assert common_name(made) == "STA-1"
    assert made.public_key() == read_key(key, None).public_key()


def test_foreign_authority_is_taken_in_with_its_list(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    others = make_authority("others", clock.wall())
    pem, crl = added.place / "others.pem", added.place / "others.crl"
    pem.write_bytes(pem_of(others.certificate))
    crl.write_bytes(crls.make_crl(make_authority("others", clock.wall()), (), clock.wall(), 1))
    (line,) = refused(capsys, added.run("renew", "--foreign", str(pem), "--crl", str(crl)))
    assert "expected one list signed by the authority others" in line

    crl.write_bytes(crls.make_crl(others, (), clock.wall(), 1))
    assert added.run("renew", "--foreign", str(pem), "--crl", str(crl)) == 0

    made = added.files()
    assert made["broker/clients.pem"].count(b"BEGIN CERTIFICATE") == 3
    assert made["broker/crl.pem"].count(b"BEGIN X509 CRL") == 3


def test_requests_for_a_foreign_authority_have_keys_and_no_certificates(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert centre.add("STA", "--csr") == 0

    assert "venuewatch venue renew --foreign" in capsys.readouterr().out

    made = centre.files()
    assert {"pki/hosts/STA/STA-1.key", "agents/STA/STA-1/host.csr"} <= set(made)
    assert "agents/STA/STA-1/host.pem" not in made


@pytest.mark.parametrize("code", ["..", ".STA", "_centre", "a/b", "a b", ""])
def test_code_that_could_name_another_file_is_refused(
    centre: Centre, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    before = centre.files()

    (line,) = refused(capsys, centre.add(code))

    assert line.startswith("expected a venue's code")
    assert centre.files() == before
