"""The two programs that a bundle can bring, and where each of them lives on a host."""

from typing import NamedTuple

CONFIGURATION = "/etc/venuewatch"
LINK = "/opt/venuewatch"
"""What the unit starts; it leads to one of the releases."""

LOCK = "/run/venuewatch-install.lock"
"""What a command that changes the machine holds."""

RELEASES = "/opt/venuewatch.d"
COMPLETE = "complete"
"""What a release has once it was made to its end."""

BY_HAND = f"{RELEASES}/by-hand"
"""Where an environment goes that was made at LINK by hand."""

UNITS = "/etc/systemd/system"
PACKAGED_UNITS = "/usr/lib/systemd/system"
"""Where Debian's packages of the programs have their units."""

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
    def spool(self) -> str | None:
        """The folder that it opens at its start, unless its configuration names another one."""
        return f"{self.state}/spool" if self.name == "agent" else None

    @property
    def status(self) -> str:
        """Where ``supervise`` writes how it stands."""
        return f"/run/{self.user}.json"

    @property
    def lock(self) -> str:
        """What ``supervise`` holds: two would start two programs of one name."""
        return f"/run/{self.user}.lock"

    @property
    def log(self) -> str:
        """Where it prints under ``supervise``."""
        return f"/var/log/{self.user}.log"

    @property
    def words(self) -> list[str]:
        """The command that its unit runs."""
        return [f"{LINK}/bin/python", "-I", "-m", self.name, "--config", self.configuration]


PROGRAMS = {"agent": Program("agent"), "aggregator": Program("aggregator")}
