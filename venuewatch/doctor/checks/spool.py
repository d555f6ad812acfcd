"""Looks at the spool's folder: it is the agent's alone, it may write there, and there is room."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site
from venuewatch.doctor.system import User, may

PLACES = frozenset({"host"})
NEEDS: tuple[str, ...] = ()

_MIB = 1_048_576


class Folder(NamedTuple):
    """The spool's folder, or the nearest one above it that is there.

    ``is_writable``: the agent's user may make files there; None where that can't be asked.
    ``foreign``: a file of another user in it, "" without one. ``taken_bytes`` and ``max_bytes``:
    what the spool has of what it may have. ``beside``: another host's agent that has the folder,
    in words.
    """

    path: str
    is_folder: bool
    is_read_only: bool
    is_writable: bool | None
    free_bytes: int
    taken_bytes: int
    max_bytes: int
    beside: str = ""
    foreign: str = ""


def look(site: Site) -> Folder:
    """Ask the filesystem."""
    path = Path(site.spool)
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    room, is_folder = os.statvfs(there), there.is_dir()
    files = list(_files_in(path)) if there == path and is_folder else []
    return Folder(
        str(path),
        is_folder=is_folder,
        is_read_only=bool(room.f_flag & os.ST_RDONLY),
        is_writable=may(site.user, "write", str(there)),
        free_bytes=room.f_bavail * room.f_frsize,
        taken_bytes=sum(found.st_size for _, found in files),
        max_bytes=site.agent.spool.max_bytes,
        beside=site.running.beside,
        foreign=_foreign_in(files, site.user),
    )


def judge(facts: Folder) -> list[Finding]:
    """Find a spool that keeps nothing, or not for long."""
    if not facts.is_folder:
        todo = "Take it away: the agent makes the folder itself"
        return [wrong(f"{facts.path}: expected a folder, got a file", todo)]
    if facts.is_read_only:
        text = f"{facts.path}: its filesystem is read-only"
        return [wrong(text, "Mount it for writing, or name another folder in [spool] directory")]
    todo = f"chown -R venuewatch-agent {facts.path}, and chmod 700 it"
    if facts.is_writable is False:
        return [wrong(f"{facts.path}: the agent's user may not write there", todo)]
    if facts.foreign:
        return [wrong(f"{facts.path}: {facts.foreign} is another user's", todo)]
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


def _files_in(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the names in a folder, and what each is; the agent takes some away meanwhile."""
    with os.scandir(path) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                yield entry.name, entry.stat(follow_symlinks=False)


def _foreign_in(files: list[tuple[str, os.stat_result]], user: User | None) -> str:
    """Return the first file that is not the agent's, as one that root started has left it."""
    if user is None:
        return ""
    return next((name for name, found in files if found.st_uid != user.number), "")
