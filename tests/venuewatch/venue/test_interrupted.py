"""Commands that end in their midst: all of what they were to do is done, or nothing."""

import contextlib
import errno
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from aggregator import inventory
from tests.venuewatch.venue.centre import HOSTS, Centre, text_in
from venuewatch.base.config import ConfigError
from venuewatch.venue import changes
from venuewatch.venue.authority import register
from venuewatch.venue.authority.certificates import is_issued_by, read_certificate, read_key
from venuewatch.venue.changes import Change


class KilledError(BaseException):
    """The end of a process, as far as a test can have it: nothing of it goes on."""


class Ends:
    """Renames and removals of files, of which the one of a number ends the command."""

    def __init__(self, patched: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
        self.left, self._error = at, error
        for name in ("replace", "unlink"):
            patched.setattr(Path, name, self._counting(getattr(Path, name)))

    def _counting(self, real: Callable[..., object]) -> Callable[..., object]:
        def counted(path: Path, *rest: object, **said: object) -> object:
            if path.exists():  # it changes something
                if self.left == 0:
                    raise self._error
                self.left -= 1
            return real(path, *rest, **said)

        return counted


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


def check_whole(centre: Centre) -> None:
    """Check that keys, certificates, register, rules and inventory are of one state."""
    made = centre.files()
    authority = read_certificate(made["pki/clients/ca.pem"])
    known = register.read(made["pki/clients/issued.json"])
    serials = {int(entry.serial, 16): entry for entry in known.issued}
    assert made["broker/clients.pem"].startswith(made["pki/clients/ca.pem"])
    assert made["broker/crl.pem"] == made["pki/crl.pem"]
    found = inventory.read_all(centre.place / "inventory.toml")
    speaking = {host.name for venue in found.venue for host in venue.host if not host.revoked}
    for name in speaking:
        own = read_certificate(made[f"agents/STA/{name}/host.pem"])
        assert is_issued_by(own, authority)
        assert serials[own.serial_number].revoked_at is None
        assert read_key(made[f"pki/hosts/STA/{name}.key"], None).public_key() == own.public_key()
    rules = made["venuewatch.acl"].decode().splitlines()
    users = {line.removeprefix("user ") for line in rules if line.startswith("user ")}
    assert {name for name in users if not name.startswith("_")} == speaking
    assert not [name for name in made if name.endswith(".new")]


@pytest.mark.parametrize("at", [0, 1, 2, 5, 11, 17, 23, 26])
def test_first_venue_that_was_interrupted_is_added_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    with monkeypatch.context() as patched:
        Ends(patched, at, KilledError())
        with pytest.raises(KilledError):
            centre.add()

    assert centre.add("STA", "--broker", "127.0.0.1") == 0

    check_whole(centre)
    assert centre.run("list", secret=False) == 0


def further(centre: Centre) -> int:
    centre.write("hosts.csv", HOSTS + "STA-3,,\n")
    return centre.add()


COMMANDS: dict[str, Callable[[Centre], int]] = {
    "add": further,
    "renew": lambda centre: centre.run("renew", "STA"),
    "revoke": lambda centre: centre.run("revoke", "STA/STA-1"),
    "remove": lambda centre: centre.run("remove", "STA"),
    "restore": lambda centre: centre.run(
        "restore", str(centre.place / "backup"), "--older", secret=False
    ),
}


@pytest.mark.parametrize("at", [0, 1, 2, 5, 9])
@pytest.mark.parametrize("command", COMMANDS)
def test_interrupted_change_is_whole_after_the_next_command(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, command: str, at: int
) -> None:
    monkeypatch.setattr("venuewatch.venue.revoking.PROVEN_WITHIN_S", 0.0)
    assert centre.add() == 0
    assert centre.run("backup", str(centre.place / "backup"), secret=False) == 0
    assert centre.run("renew", "STA") == 0
    with monkeypatch.context() as patched:
        Ends(patched, at, KilledError())
        with contextlib.suppress(KilledError):
            COMMANDS[command](centre)

    assert centre.run("renew") == 0

    check_whole(centre)


def test_disk_that_fails_amid_renames_is_told_and_gone_on_from(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        "reload_aggregator": '["true", "--aggregator"]',
        "reload_broker": '["true", "--broker"]',
    }
    centre.write("venues.toml", text_in(centre.place, **said))
    assert centre.add() == 0
    with monkeypatch.context() as patched:
        Ends(patched, 5, OSError(errno.EIO, "Input/output error"))
        assert further(centre) == 1
    assert "not all files are in their places" in capsys.readouterr().err

    assert centre.run("renew") == 0

    told = capsys.readouterr().err  # what was next for the first
    assert "venuewatch venue bundle STA" in told
    assert "  true --aggregator\n  true --broker\n" in told
    check_whole(centre)
    assert b"user STA-3\n" in centre.files()["venuewatch.acl"]


@pytest.mark.parametrize("name", ["", "..changing.new"])
def test_note_that_can_not_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "gone").write_bytes(b"before")
    both = [Change(tmp_path / "made", b"after"), Change(tmp_path / "gone", None)]
    monkeypatch.setattr(changes, "_sync", lambda path: fail_at(path, tmp_path / name))

    with pytest.raises(ConfigError):
        changes.apply(both, tmp_path)

    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == {"gone"}
    with changes.alone(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {"gone", ".lock"}


def fail_at(path: Path, folder: Path) -> None:
    if path == folder:
        raise OSError(errno.EIO, "Input/output error")


def test_damaged_note_stops_every_command(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert centre.add() == 0
    (centre.place / "pki" / ".changing").write_bytes(msgspec.json.encode({"put": 1}))

    assert centre.run("renew") == 2

    assert ".changing: expected the note of a command" in capsys.readouterr().err
