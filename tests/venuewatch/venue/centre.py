"""A centre in a folder of a test: its settings, its files, and commands that are run on them."""

from pathlib import Path
from typing import Final

import pytest

from venuewatch import cli
from venuewatch.venue import settings
from venuewatch.venue.settings import Settings

NOW: Final = 1_800_000_000.0
PASSPHRASE: Final = "correct horse battery"  # noqa: S105 - of an authority of a test
HOSTS: Final = "host,role,address\nSTA-1,results,10.0.0.1\nSTA-2,,10.0.0.2\n"


def settings_in(place: Path, **said: object) -> Settings:
    """Return the settings of a centre whose files are all in one folder, with nothing to reload."""
    return settings.decoded(text_in(place, **said).encode(), place / "venues.toml")


def text_in(place: Path, **said: object) -> str:
    """Return them as their file has them."""
    lines = {
        "broker_address": '"127.0.0.1"',
        "acl_file": f'"{place}/venuewatch.acl"',
        "broker_folder": f'"{place}/broker"',
        "reload_broker": "[]",
        "reload_aggregator": "[]",
        **said,
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


class Centre:
    """A centre, and what an operator types."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "venues.toml").write_text(text_in(place))
        self.write("passphrase", PASSPHRASE).chmod(0o400)
        self.write("venue.toml", 'name = "Stadium"\nuplink_addresses = ["192.0.2.0/28"]\n')
        self.write("hosts.csv", HOSTS)

    def write(self, name: str, text: str) -> Path:
        """Write a file of an operator."""
        path = self.place / name
        path.write_text(text)
        return path

    def run(self, command: str, *words: str, secret: bool = True) -> int:
        """Run a command of ``venuewatch venue``; return its exit code."""
        own = ["--settings", str(self.place / "venues.toml")]
        if secret:
            own += ["--passphrase-file", str(self.place / "passphrase")]
        return cli.main(["venue", command, *words, *own])

    def add(self, code: str = "STA", *words: str) -> int:
        """Bring a venue in, as its files describe it."""
        place = self.place
        files = ["--venue", str(place / "venue.toml"), "--hosts", str(place / "hosts.csv")]
        return self.run("add", code, *files, *words)

    def files(self) -> dict[str, bytes]:
        """Return all files, by name."""
        return {
            str(path.relative_to(self.place)): path.read_bytes()
            for path in self.place.rglob("*")
            if path.is_file() and path.name != ".lock"
        }

    def fill(self, venues: int, hosts: int) -> None:
        """Bring in so many venues more, each with so many hosts."""
        for venue in range(venues):
            code = f"V{venue:02}"
            rows = "".join(f"{code}-{host}\n" for host in range(hosts))
            self.write("hosts.csv", f"host\n{rows}")
            self.write("venue.toml", f'uplink_addresses = ["10.{venue}.0.0/16"]\n')
            assert self.add(code) == 0


def added_in(place: Path) -> Centre:
    """Return a centre that has its first venue."""
    centre = Centre(place)
    assert centre.add() == 0
    return centre


def refused(capsys: pytest.CaptureFixture[str], code: int) -> list[str]:
    """Return the lines of a command that did nothing."""
    assert code == 2
    return capsys.readouterr().err.splitlines()
