"""Commands that end in their midst: given again, they do what they were to do."""

import errno
from pathlib import Path
from typing import Any

import pytest

from tests.venuewatch.venue.centre import HOSTS, Centre
from venuewatch.venue.authority import register
from venuewatch.venue.authority.certificates import is_issued_by, read_certificate, read_key
from venuewatch.venue.kept import REGISTER


class Renames:
    """Renames of files, of which the one of a number fails; negative: none does."""

    def __init__(self, fails_at: int) -> None:
        self.left = fails_at
        self._replace = Path.replace

    def __call__(self, path: Path, target: Any) -> Path:
        if self.left == 0:
            raise OSError(errno.EIO, "Input/output error")
        self.left -= 1
        return self._replace(path, target)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


def fail(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    renames = Renames(at)
    monkeypatch.setattr(Path, "replace", lambda path, target: renames(path, target))  # noqa: PLW0108 - a method


def is_whole(centre: Centre) -> bool:
    """Tell whether every host has a certificate of the authority that the broker knows."""
    made = centre.files()
    authority = read_certificate(made["pki/clients/ca.pem"])
    own = [made[f"agents/STA/{host}/host.pem"] for host in ("STA-1", "STA-2")]
    is_known = made["broker/clients.pem"].startswith(made["pki/clients/ca.pem"])
    return is_known and all(is_issued_by(read_certificate(each), authority) for each in own)


@pytest.mark.parametrize("at", [0, 1, 2, 5, 8, 11, 14, 17, 20, 23])
def test_first_venue_that_was_interrupted_is_added_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    with monkeypatch.context() as patched:
        fail(patched, at)
        assert centre.add() == 1

    assert centre.add("STA", "--broker", "127.0.0.1") == 0

    assert is_whole(centre)
    assert centre.run("list", secret=False) == 0
    assert not [name for name in centre.files() if name.endswith((".new", "unfinished"))]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5])
def test_further_host_that_was_interrupted_is_added_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    assert centre.add() == 0
    before = centre.files()["pki/hosts/STA/STA-1.key"]
    centre.write("hosts.csv", HOSTS + "STA-3,,\n")
    with monkeypatch.context() as patched:
        fail(patched, at)
        assert centre.add() == 1

    assert centre.add() == 0

    after = centre.files()
    assert is_whole(centre)
    assert after["pki/hosts/STA/STA-1.key"] == before
    assert b"user STA-3\n" in after["venuewatch.acl"]


@pytest.mark.parametrize("command", ["add", "renew"])
@pytest.mark.parametrize("at", range(0, 12, 2))
def test_certificate_that_is_written_is_in_the_register(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, command: str, at: int
) -> None:
    assert centre.add() == 0
    centre.write("hosts.csv", HOSTS + "STA-3,,\n")

    with monkeypatch.context() as patched:
        fail(patched, at)
        _ = centre.add() if command == "add" else centre.run("renew", "STA")

    made = centre.files()
    known = {int(each.serial, 16) for each in register.read(made[REGISTER]).issued}
    for name, pem in made.items():
        assert not name.endswith("host.pem") or read_certificate(pem).serial_number in known


def test_renewal_that_was_interrupted_is_finished_by_an_addition(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert centre.add() == 0
    before = centre.files()
    with monkeypatch.context() as patched:
        fail(patched, 4)
        assert centre.run("renew", "STA/STA-1") == 1
    half = centre.files()
    assert half["pki/hosts/STA/STA-1.key"] != before["pki/hosts/STA/STA-1.key"]
    assert half["agents/STA/STA-1/host.pem"] == before["agents/STA/STA-1/host.pem"]

    assert centre.add() == 0

    made = centre.files()
    certificate = read_certificate(made["agents/STA/STA-1/host.pem"])
    key = read_key(made["pki/hosts/STA/STA-1.key"], None)
    assert certificate.public_key() == key.public_key()


def test_authority_that_is_unfinished_is_not_used(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        fail(patched, 3)
        centre.add()
    capsys.readouterr()

    assert centre.run("renew") == 2

    assert "was interrupted: give it again" in capsys.readouterr().err
