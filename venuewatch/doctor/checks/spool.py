"""Looks at the spool's folder: it is the agent's alone, it may write there, and there is room."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import STATE, Site

PLACES = frozenset({"host"})
NEEDS: tuple[str, ...] = ()

_MIB = 1_048_576


class Folder(NamedTuple):
    """The spool's folder, or the nearest one above it that is there.

    ``exists``: it is the spool's own. ``user``: the one that the agent has, None where that is not
    known. ``taken_bytes`` and ``max_bytes``: what the spool has of what it may have. ``beside``:
    another host's agent that has the folder, in words.
    """

    path: str
    exists: bool
    is_folder: bool
    is_read_only: bool
    owner: int
    mode: int
    user: int | None
    free_bytes: int
    taken_bytes: int
    max_bytes: int
    beside: str = ""


def look(site: Site) -> Folder:
    """Ask the filesystem."""
    path = Path(site.spool)
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    found, room = there.stat(), os.statvfs(there)
    is_folder = stat.S_ISDIR(found.st_mode)
    return Folder(
        str(path),
        exists=there == path,
        is_folder=is_folder,
        is_read_only=bool(room.f_flag & os.ST_RDONLY),
        owner=found.st_uid,
        mode=stat.S_IMODE(found.st_mode),
        user=_user_of_the_agent(path),
        free_bytes=room.f_bavail * room.f_frsize,
        taken_bytes=_taken(path) if there == path and is_folder else 0,
        max_bytes=site.agent.spool.max_bytes,
        beside=site.running.beside,
    )


def judge(facts: Folder) -> list[Finding]:
    """Find a spool that keeps nothing, or not for long."""
    if not facts.is_folder:
        todo = "Take it away: the agent makes the folder itself"
        return [wrong(f"{facts.path}: expected a folder, got a file", todo)]
    if facts.is_read_only:
        text = f"{facts.path}: its filesystem is read-only"
        return [wrong(text, "Mount it for writing, or name another folder in [spool] directory")]
    if facts.user not in (None, 0) and not _may_write(facts):
        todo = f"chown -R venuewatch-agent {facts.path}, and chmod 700 it"
        return [wrong(f"{facts.path}: the agent's user may not write there", todo)]
    if facts.beside:
        todo = "Give each agent a folder of its own: [spool] directory"
        return [wrong(f"{facts.path}: {facts.beside}, has it, too", todo, is_usable=True)]
    left = facts.max_bytes - facts.taken_bytes
    if facts.free_bytes < left:
        text = (
            f"{facts.path}: the spool may take {left // _MIB} MiB more, "
            f"and the disk has {facts.free_bytes // _MIB} MiB"
        )
        return [wrong(text, "Make room on the disk, or lower [spool] max_bytes", is_usable=True)]
    return [well(f"{facts.path}: the agent may write there, and there is room")]


def _may_write(facts: Folder) -> bool:
    """Tell whether the agent's user may; where there is no folder yet, it has to make it."""
    if facts.owner == facts.user:
        return bool(facts.mode & stat.S_IWUSR) and bool(facts.mode & stat.S_IXUSR)
    return bool(facts.mode & stat.S_IWOTH)


def _user_of_the_agent(spool: Path) -> int | None:
    """Return the agent's user: that of its unit, or whoever asks; None where it is not known."""
    if spool.parent == STATE:
        try:
            import pwd  # noqa: PLC0415 - Windows has none

            return pwd.getpwnam("venuewatch-agent").pw_uid
        except (ImportError, KeyError):
            return None
    return os.geteuid() or None


def _taken(path: Path) -> int:
    with os.scandir(path) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
