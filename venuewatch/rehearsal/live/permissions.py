"""The permissions of a live rehearsal's broker, which it reads again while it runs.

Everybody may say and hear all; each agent connects under its host's name, so that a rule can be
about one. The file is Mosquitto's (mosquitto.conf(5), ``acl_file``): what a rule denies to a name
comes before what is granted to all.
"""

from pathlib import Path
from typing import Final

from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import Stream

_FILE: Final = "permissions"
_USUAL: Final = "pattern readwrite #\npattern read $SYS/#\n"


def make(folder: Path) -> Path:
    """Write the usual ones; return the file."""
    path = folder / _FILE
    path.write_text(_USUAL, encoding="ascii")
    return path


def deaf(venue: str, host: str) -> list[str]:
    """Return the rules under which a host hears nothing of the centre."""
    return [
        f"user {host}",
        f"topic deny {topics.ROOT}/_centre/#",
        f"topic deny {topics.topic(venue, host, Stream.CMD)}",
    ]
