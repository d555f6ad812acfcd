"""``venuewatch venue bundle`` beside a centre's settings: which hosts of a venue it takes."""

import shutil
import tarfile
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import make_wheel
from tests.venuewatch.venue.centre import NOW, Centre
from venuewatch.base import clock
from venuewatch.venue.authority.certificates import DAY_S
from venuewatch.venue.commands.bundle import files_of_venue
from venuewatch.venue.hosts_csv import HOSTS_MAX


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Centre:
    """Bring a venue of two hosts in, and have wheels at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "wall", lambda: NOW)
    (tmp_path / "wheels").mkdir()
    for name in ("venuewatch", "pip"):
        make_wheel(tmp_path / "wheels", name)
    made = Centre(tmp_path)
    assert made.add() == 0
    return made


def bundle(centre: Centre, *words: str) -> int:
    return centre.run("bundle", "STA", "--wheels", "wheels", *words, secret=False)


def hosts_in(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        names = [name.split("/") for name in archive.getnames()]
    return {parts[2] for parts in names if parts[1] == "hosts"}


def test_files_are_found_by_the_settings(centre: Centre) -> None:
    assert bundle(centre) == 0
    assert hosts_in(Path("venuewatch-STA.tar")) == {"STA-1", "STA-2"}


def test_host_that_was_revoked_is_left_out(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = centre.place / "inventory.d" / "STA.toml"
    listed.write_text(listed.read_text() + "revoked = true\n")

    code = bundle(centre)

    assert code == 0
    assert hosts_in(Path("venuewatch-STA.tar")) == {"STA-1"}
    said = capsys.readouterr().out
    assert "STA-2 is left out: it was revoked, or is not in the inventory\n" in said


def test_host_without_files_is_refused(centre: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(centre.place / "agents" / "STA" / "STA-2")

    code = bundle(centre)

    assert code == 2
    assert capsys.readouterr().err == (
        f"STA-2: in the inventory, and not in {centre.place / 'agents'}: "
        "give venuewatch venue add again\n"
    )


def test_certificate_that_has_ended_is_refused(
    centre: Centre, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "wall", lambda: NOW + 365 * DAY_S)

    code = bundle(centre)

    assert code == 2
    assert capsys.readouterr().err == (
        "STA-1: its certificate has ended: venuewatch venue renew STA/STA-1 first\n"
    )
    assert not list(Path().glob("*.tar"))


def test_dry_run_writes_nothing(centre: Centre, capsys: pytest.CaptureFixture[str]) -> None:
    before = centre.files()
    capsys.readouterr()

    code = bundle(centre, "--dry-run")

    assert code == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("venuewatch-STA.tar: 2 hosts, Python 3.11 on x86_64, ")
    assert last == "nothing was changed (--dry-run)"
    assert centre.files() == before


def test_as_many_hosts_are_bundled_as_a_list_may_have(tmp_path: Path) -> None:
    for at in range(HOSTS_MAX):
        (tmp_path / "STA" / f"h{at}").mkdir(parents=True)

    assert len(files_of_venue(tmp_path, "STA")) == HOSTS_MAX
