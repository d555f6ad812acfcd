"""The two programs that a bundle can bring, and where each of them lives on a host."""

from typing import NamedTuple

CONFIGURATION = "/etc/venuewatch"
LINK = "/opt/venuewatch"
"""What the unit starts; it leads to one of the releases."""

RELEASES = "/opt/venuewatch.d"
BY_HAND = f"{RELEASES}/by-hand"
"""Where an environment goes that was made at LINK by hand."""

UNITS = "/etc/systemd/system"
PUBLIC = 0o644
SHARED = 0o640
"""The mode of a file that the program's user may read, and no other."""

PARTS = "venuewatch_host"
"""The folder of this package in a bundle and in a release."""

SCRIPTS = ("install", "upgrade", "uninstall", "supervise")


class Program(NamedTuple):
    """One of the two."""

    name: str

    @property
    def user(self) -> str:
        """The user that it runs as; systemd's unit is named likewise."""
        return f"venuewatch-{self.name}"

    @property
    def unit(self) -> str:
        """The file name of its unit."""
        return f"{self.user}.service"

    @property
    def configuration(self) -> str:
        """Its configuration."""
        return f"{CONFIGURATION}/{self.name}.toml"

    @property
    def state(self) -> str:
        """The one folder that its user owns: spool or journal."""
        return f"/var/lib/{self.user}"

    @property
    def must_be_open(self) -> str:
        """A folder that it makes at its start, in its state."""
        return f"{self.state}/spool" if self.name == "agent" else self.state

    @property
    def status(self) -> str:
        """Where ``supervise`` writes how it stands."""
        return f"/run/{self.user}.json"

    @property
    def log(self) -> str:
        """Where it prints under ``supervise``."""
        return f"/var/log/{self.user}.log"

    @property
    def words(self) -> list[str]:
        """The command that its unit runs."""
        return [f"{LINK}/bin/python", "-I", "-m", self.name, "--config", self.configuration]


PROGRAMS = {"agent": Program("agent"), "aggregator": Program("aggregator")}
