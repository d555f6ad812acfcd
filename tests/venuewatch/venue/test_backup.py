"""``backup`` and ``restore``: the same centre goes on, and nothing that was revoked comes back."""

import grp
import os
import shutil
from pathlib import Path

import pytest

from tests.venuewatch.venue.centre import PASSPHRASE, Centre, added_in, refused, text_in
from venuewatch.base import clock
from venuewatch.venue import archive, settings
from venuewatch.venue.archive import Stored
from venuewatch.venue.authority import crls, register
from venuewatch.venue.authority.register import Register
from venuewatch.venue.kept import REGISTER


@pytest.fixture
def added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Centre:
    centre = added_in(tmp_path)
    capsys.readouterr()
    return centre


@pytest.fixture
def backup(added: Centre, capsys: pytest.CaptureFixture[str]) -> Path:
    assert added.run("backup", str(added.place / "backup"), secret=False) == 0
    capsys.readouterr()
    return added.place / "backup"


def restore(centre: Centre, backup: Path, *words: str) -> int:
    return centre.run("restore", str(backup), *words, secret=False)


def add_aqu(centre: Centre) -> None:
    centre.write("hosts.csv", "host\nAQU-1\n")
    centre.write("venue.toml", "")
    assert centre.add("AQU") == 0


def revoke(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Revoke a host of a centre without a broker; return the serial numbers of all revoked."""
    monkeypatch.setattr("venuewatch.venue.revoking.PROVEN_WITHIN_S", 0.0)
    assert centre.run("revoke", "STA/STA-1") == 1
    return revoked_in(register_of(centre))


def register_of(centre: Centre) -> Register:
    return register.read(centre.files()[REGISTER])


def revoked_in(known: Register) -> set[str]:
    return {each.serial for each in known.issued if each.revoked_at is not None}


def listed(centre: Centre, name: str) -> set[str]:
    (ours, *_) = crls.read_crls(centre.files()[name])
    return {f"{each.serial_number:x}" for each in ours}


def repacked(backup: Path, **changed: Stored | None) -> None:
    """Make a backup anew, with other files in it; None takes one out."""
    manifest, files = archive.read(backup.read_bytes())
    for key, stored in changed.items():
        name = key.replace("__", "/")
        name = next((each for each in files if each.startswith(name)), name)
        files.pop(name, None)
        if stored is not None:
            files[name] = stored
    backup.write_bytes(archive.make(files, manifest.made_at, manifest.crl_number))


def test_same_fleet_goes_on_on_an_empty_machine(added: Centre, backup: Path) -> None:
    before = added.files()
    for path in sorted(added.place.rglob("*"), reverse=True):
        if path.name not in {"backup", "passphrase", "venue.toml", "hosts.csv"}:
            remove = path.rmdir if path.is_dir() else path.unlink
            remove()

    assert restore(added, backup) == 0

    assert added.files() == before
    assert added.add() == 0


def test_rules_among_the_brokers_files_are_restored(added: Centre) -> None:
    """Where the broker is in a container, its rules are in the folder of its certificates."""
    rules = added.place / "broker" / "venuewatch.acl"
    added.write("venues.toml", text_in(added.place, acl_file=f'"{rules}"'))
    assert added.run("renew") == 0
    assert added.run("backup", str(added.place / "backup"), secret=False) == 0
    before = added.files()
    rules.unlink()

    assert restore(added, added.place / "backup") == 0

    assert added.files() == before


def test_backup_that_is_cut_short_is_refused(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.write_bytes(backup.read_bytes()[:-500])
    before = added.files()

    (line,) = refused(capsys, restore(added, backup))

    assert "cut short or damaged" in line
    assert added.files() == before


@pytest.mark.parametrize("name", ["settings", "pki__clients__ca.key", "pki__tripwire.key"])
def test_backup_without_a_part_of_the_authority_is_refused(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    repacked(backup, **{name: None})
    before = added.files()

    (line,) = refused(capsys, restore(added, backup, "--older"))

    assert f"expected {name.replace('__', '/')} in the backup" in line
    assert added.files() == before


def test_backup_with_a_damaged_register_is_refused(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repacked(backup, pki__clients__issued=Stored(b"{", 0o600))

    (line,) = refused(capsys, restore(added, backup, "--older"))

    assert "expected the register of an authority" in line


@pytest.mark.parametrize("name", ["next/ca.key", "servers/ca.pem", "tripwire.pem", "crl.pem"])
def test_backup_of_half_an_authority_is_none(
    added: Centre, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (added.place / "pki" / name).unlink()

    (line,) = refused(capsys, added.run("backup", str(added.place / "b"), secret=False))

    assert line.startswith(f"{added.place}/pki/{name}: ")
    assert not (added.place / "b").exists()


def test_backup_does_not_replace_a_newer_state(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added.run("renew")
    capsys.readouterr()
    before = added.files()

    (line,) = refused(capsys, restore(added, backup))

    assert "--older goes back to it" in line
    assert added.files() == before


def test_state_whose_number_is_lower_may_have_more_than_the_backup(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke(added, monkeypatch)
    path = added.place / REGISTER
    path.write_bytes(register.write(Register(register_of(added).issued, 1)))
    capsys.readouterr()

    (line,) = refused(capsys, restore(added, backup))

    assert "--older goes back to it" in line


def test_certificate_that_was_revoked_since_stays_revoked(
    added: Centre, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = revoke(added, monkeypatch)
    number = register_of(added).crl_number

    assert restore(added, backup, "--older") == 0

    assert revoked <= revoked_in(register_of(added))
    assert register_of(added).crl_number == number
    assert revoked <= listed(added, "broker/crl.pem")
    assert added.run("renew") == 0
    assert revoked <= listed(added, "broker/crl.pem")


@pytest.mark.parametrize("content", [None, b"{"])
def test_lost_register_does_not_bring_a_revoked_certificate_back(
    added: Centre, backup: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    revoked = revoke(added, monkeypatch)
    number = register_of(added).crl_number
    (added.place / REGISTER).unlink()
    if content is not None:
        (added.place / REGISTER).write_bytes(content)

    assert restore(added, backup, "--older") == 0

    known = register_of(added)
    assert revoked == revoked_in(known)
    assert known.crl_number == number
    assert {each.name for each in known.issued if each.revoked_at} >= {"STA-1", "_revoked"}
    assert revoked <= listed(added, "broker/crl.pem")


def test_damaged_list_is_replaced_by_that_of_the_backup(
    added: Centre, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = revoke(added, monkeypatch)
    (added.place / "pki" / "crl.pem").write_bytes(b"garbage")

    assert restore(added, backup, "--older") == 0

    assert listed(added, "broker/crl.pem")
    assert revoked <= revoked_in(register_of(added))


def test_authority_of_which_only_lists_are_left_is_not_gone_back_to(
    added: Centre, backup: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    revoke(added, monkeypatch)
    for name in ("servers", "clients", "next"):
        shutil.rmtree(added.place / "pki" / name)
    capsys.readouterr()

    (line,) = refused(capsys, restore(added, backup))

    assert "--older goes back to it" in line


def test_venue_that_the_backup_does_not_have_goes(added: Centre, backup: Path) -> None:
    by_hand = added.write("inventory.d/mine.toml", '[[venue]]\ncode = "MINE"\n')
    add_aqu(added)

    assert restore(added, backup, "--older") == 0

    after = added.files()
    assert not [name for name in after if "AQU" in name]
    assert b"AQU" not in after["venuewatch.acl"]
    assert by_hand.exists()
    assert added.run("list", secret=False) == 0


def test_damaged_file_of_a_venue_is_no_hindrance(added: Centre, backup: Path) -> None:
    before = added.files()
    path = added.place / "inventory.d" / "AQU.toml"
    path.write_bytes((added.place / "inventory.d" / "STA.toml").read_bytes()[:-9] + b"\xff")
    (added.place / "inventory.d" / "STA.toml").write_bytes(b"\0")
    (added.place / "venues.toml").write_text("broker_address =")

    assert restore(added, backup, "--older") == 0

    assert added.files() == before


@pytest.mark.parametrize("name", ["inventory.toml", "venuewatch.acl", "inventory.d/mine.toml"])
def test_file_that_an_operator_changed_since_is_kept(
    added: Centre, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    added.write("inventory.d/mine.toml", "venue = []\n")
    backup = added.place / "backup"
    assert added.run("backup", str(backup), secret=False) == 0
    path = added.place / name
    path.write_text(f"# mine\n{path.read_text()}")
    os.utime(path, (clock.wall() + 5.0,) * 2)
    before = added.files()
    capsys.readouterr()

    (line,) = refused(capsys, restore(added, backup))

    assert line == f"{path} was changed after the backup was made: --older replaces it"
    assert added.files() == before


def test_other_authority_is_kept(
    added: Centre,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = added_in(tmp_path_factory.mktemp("other"))
    for _ in range(5):
        assert other.run("renew") == 0
    backup = other.place / "backup"
    assert other.run("backup", str(backup), secret=False) == 0
    repacked(backup, settings=Stored((added.place / "venues.toml").read_bytes(), 0o644))
    before = added.files()
    capsys.readouterr()

    (line,) = refused(capsys, restore(added, backup))

    assert "got another one: --older replaces it" in line
    assert added.files() == before
    assert restore(added, backup, "--older") == 0
    assert added.files()[REGISTER] == other.files()[REGISTER]


def test_authority_that_other_settings_name_is_looked_at(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (added.place / "pki").rename(added.place / "elsewhere")
    added.write("venues.toml", text_in(added.place, pki='"elsewhere"'))
    assert added.run("renew") == 0
    capsys.readouterr()

    (line,) = refused(capsys, restore(added, backup))

    assert f"got {added.place}/elsewhere, where an authority is" in line


def test_dry_run_of_a_restore_changes_nothing(
    added: Centre, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_aqu(added)
    before = added.files()

    assert restore(added, backup, "--older", "--dry-run") == 0

    assert added.files() == before
    assert f"remove {added.place}/inventory.d/AQU.toml" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to a group")
def test_file_of_a_service_is_its_groups_again(added: Centre) -> None:
    own = added.write("aggregator.toml", "")
    own.chmod(0o640)
    os.chown(own, -1, grp.getgrall()[-1].gr_gid)
    assert added.run("backup", str(added.place / "backup"), secret=False) == 0
    own.unlink()

    assert restore(added, added.place / "backup") == 0

    assert own.stat().st_gid == grp.getgrall()[-1].gr_gid
    assert own.stat().st_mode & 0o777 == 0o640


def test_backup_has_no_passphrase_and_is_its_owners_alone(added: Centre, backup: Path) -> None:
    _, files = archive.read(backup.read_bytes())

    assert backup.stat().st_mode & 0o777 == 0o600
    assert not [name for name, each in files.items() if PASSPHRASE.encode() in each.content]
    assert settings.decoded(files["settings"].content, added.place / "venues.toml").months == 6
