"""A small disk for the journal of a live rehearsal, which can be full while it runs.

It is a file system in memory. Full is made by taking away all that is free of it: no other disk of
this machine is touched, and nothing has to be written.
"""

import contextlib
import os
import shlex
import sqlite3
import subprocess
from functools import partial
from pathlib import Path
from typing import Final

from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import StageError

JOURNAL: Final = "journal.sqlite"

_SIZE: Final = "1g"  # memory is taken only as it is written to
_MOUNT_S: Final = 10.0
_ATTEMPTS: Final = 5


class Disk:
    """The disk that is ``folder``; one that can't be had is a part of another, and never full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._why_not = "it is not mounted"

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self.folder / JOURNAL

    def make(self, guardian: Guardian) -> None:
        """Mount it, until the run ends. Where that is refused, only :meth:`fill` is, too."""
        self._why_not = mount(guardian, self.folder, f"size={_SIZE}")

    def fill(self, guardian: Guardian, *, lasts_s: float) -> Fault:
        """Let nothing more be written to it, until the fault ends.

        Raises:
            StageError: it is no disk of its own.
        """
        if self._why_not:
            raise StageError(f"the journal has no disk of its own: {self._why_not}")
        path = shlex.quote(str(self.folder))
        again = f"mount -o remount,size={_SIZE} {path}"
        undo = ("sh", "-c", f"! mountpoint -q {path} || {again}")
        return guardian.play(self._shrink, undo, lasts_s=lasts_s)

    def _shrink(self) -> None:
        """Make it as small as what is on it; what SQLite would write over is given back first."""
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(self.journal)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for attempt in range(_ATTEMPTS):
            there = os.statvfs(self.folder)
            used = (there.f_blocks - there.f_bfree + attempt) * there.f_frsize
            try:
                _run("mount", "-o", f"remount,size={used}", str(self.folder))
            except StageError:
                if attempt == _ATTEMPTS - 1:  # each time more was written meanwhile
                    raise
            else:
                return


def mount(guardian: Guardian, folder: Path, options: str) -> str:
    """Mount a file system in memory until the run ends; return why it is refused, if it is."""
    folder.mkdir(exist_ok=True)
    path = shlex.quote(str(folder))
    undo = ("sh", "-c", f"! mountpoint -q {path} || umount --lazy {path}")
    words = ("mount", "-t", "tmpfs", "-o", options, "venuewatch", str(folder))
    try:
        guardian.make(partial(_run, *words), undo)
    except StageError as error:
        return str(error)
    return ""


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=1.0)


def _run(*words: str) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=_MOUNT_S)
    except subprocess.CalledProcessError as error:
        raise StageError(f"{' '.join(words)}: {error.stderr.strip()}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StageError(f"{words[0]}: {error}") from None
