"""Asks the system about a program: its unit, and what its user may do with a file.

An installed program has a user of its own. What root may read is of no use to it.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

INSTALLED_IN: Final = Path("/etc/venuewatch")

STARTS_AGAIN: Final = "auto-restart"
"""The ``SubState`` of a unit that has ended, and is started again in a moment."""

SYSTEMD_RUNS: Final = Path("/run/systemd/system")
"""It is there where systemd runs (sd_booted(3))."""

_ASKED_S: Final = 5.0
_PROPERTIES: Final = (
    "LoadState,ActiveState,SubState,UnitFileState,NRestarts,Result,ExecMainStatus,MainPID"
)


def state_of(unit: str) -> Mapping[str, str] | None:
    """Return the properties of a unit; None where systemd can't be asked."""
    systemctl = shutil.which("systemctl")
    if systemctl is None or not SYSTEMD_RUNS.is_dir():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - systemd's own, of a name of ours
            [systemctl, "show", "--property", _PROPERTIES, unit],
            capture_output=True,
            text=True,
            check=False,
            timeout=_ASKED_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs} or None


class User(NamedTuple):
    """The user of a program: its name, number and group."""

    name: str
    number: int
    group: int


def user_of(program: str, config: Path) -> User | None:
    """Return the user that an installed program has; None where it runs as whoever starts it."""
    if Path(os.path.abspath(config)).parent != INSTALLED_IN:  # noqa: PTH100 - a link is a name, too
        return None
    try:
        import pwd  # noqa: PLC0415 - Windows has none

        found = pwd.getpwnam(program)
    except (ImportError, KeyError):
        return None
    return User(found.pw_name, found.pw_uid, found.pw_gid)


def may(user: User | None, what: Literal["read", "write"], path: str) -> bool | None:
    """Tell whether a user may read a file, or write in a folder; None where that can't be asked.

    ``user``: None is whoever asks.
    """
    if user is None or user.number == os.geteuid():
        return os.access(path, os.R_OK if what == "read" else os.W_OK | os.X_OK)
    test = shutil.which("test")
    if os.geteuid() != 0 or test is None:
        return None
    words = ["-r", path] if what == "read" else ["-w", path, "-a", "-x", path]
    try:
        done = subprocess.run(  # noqa: S603 - the system's own, of a path in a configuration
            [test, *words],
            check=False,
            timeout=_ASKED_S,
            user=user.number,
            group=user.group,
            extra_groups=os.getgrouplist(user.name, user.group),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.returncode == 0
