"""The folder ``inventory.d``: one file a venue, beside the inventory."""

from pathlib import Path

import pytest

from aggregator import inventory
from venuewatch.base.config import ConfigError

STA = '[[venue]]\ncode = "STA"\n[[venue.host]]\nname = "STA-1"\n'
AQU = '[[venue]]\ncode = "AQU"\n[[venue.host]]\nname = "AQU-1"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.toml"
    path.write_text(STA)
    return path


def beside(path: Path, name: str, text: str) -> Path:
    folder = inventory.folder_of(path)
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def codes(path: Path) -> list[str]:
    return [venue.code for venue in inventory.read_all(path).venue]


def test_inventory_without_a_folder_is_whole(path: Path) -> None:
    assert codes(path) == ["STA"]


def test_files_of_the_folder_are_read_beside_the_inventory(path: Path) -> None:
    beside(path, "AQU.toml", AQU)

    assert codes(path) == ["STA", "AQU"]


@pytest.mark.parametrize("name", [".AQU.toml", "AQU.toml.new", "README.md"])
def test_other_files_of_the_folder_are_not_read(path: Path, name: str) -> None:
    beside(path, name, "no TOML")

    assert codes(path) == ["STA"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (STA, "venue code in one file, STA"),
        (AQU.replace("AQU-1", "STA-1"), "host name in one file, STA-1"),
    ],
)
def test_what_stands_in_two_files_is_refused(path: Path, text: str, what: str) -> None:
    other = beside(path, "other.toml", text)

    with pytest.raises(ConfigError) as refusal:
        inventory.read_all(path)

    assert str(refusal.value) == f"{other}: expected each {what} is in {path}, too"


def test_wrong_file_of_the_folder_is_named(path: Path) -> None:
    other = beside(path, "other.toml", "venue = 5")

    with pytest.raises(ConfigError, match=str(other)):
        inventory.read_all(path)


def test_folder_that_is_a_file_is_refused_in_words(path: Path) -> None:
    inventory.folder_of(path).write_text("")

    with pytest.raises(ConfigError, match="Not a directory"):
        inventory.read_all(path)


def test_uplink_addresses_are_networks(path: Path) -> None:
    path.write_text('[[venue]]\ncode = "STA"\nuplink_addresses = ["192.0.2.1/24"]\n')

    with pytest.raises(ConfigError, match=r"as in 192\.0\.2\.0/28"):
        inventory.read_all(path)


def test_revoked_host_begins_as_away(path: Path) -> None:
    path.write_text(STA + "revoked = true\n")

    (host,) = inventory.fleet_of(inventory.read_all(path))

    assert (host.is_revoked, str(host.state)) == (True, "away")
