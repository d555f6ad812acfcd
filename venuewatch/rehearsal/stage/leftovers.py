"""Finds and removes what runs have left whose controller was killed together with its guardian.

Ours is what bears the name of a run: a namespace, a process that was started for it or in such a
namespace, a folder of temporary files, and what is mounted in it. It is left where the process that
made the run is gone. Rules of the packet filter stand only in namespaces of ours, and go with them.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from venuewatch.rehearsal.stage import machine
from venuewatch.rehearsal.stage.machine import StageError

FAMILY: Final = "venuewatch-stage-"
"""What every name of a run begins with; the process id of its controller follows."""

MARK: Final = "VENUEWATCH_STAGE"
"""The variable in which a process outside the namespaces has the name of its run."""

_OWNER: Final = re.compile(rf"{FAMILY}(\d+)-\d+-")
_UMOUNT_TIMEOUT_S: Final = 20.0


class Leftover(NamedTuple):
    """One thing that is left; ``name`` is a process id, a path, or the name of a namespace."""

    kind: Literal["process", "mount", "folder", "namespace"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def find() -> list[Leftover]:
    """Return all that is left, in the order in which it can be removed."""
    folders = [path for path in _folders() if _is_left(path.name)]
    return [
        *(Leftover("process", str(pid)) for pid in _processes()),
        *(Leftover("mount", point) for point in _mounts(folders)),
        *(Leftover("folder", str(path)) for path in folders),
        *(Leftover("namespace", name) for name in machine.names() if _is_left(name)),
    ]


def remove(left: Iterable[Leftover]) -> list[str]:
    """Remove each; return what went wrong, in words."""
    failed = []
    for each in left:
        try:
            _remove(each)
        except (OSError, StageError, subprocess.SubprocessError) as error:
            failed.append(f"{each}: {error}")
    return failed


def _remove(left: Leftover) -> None:
    if left.kind == "process":
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(left.name), signal.SIGKILL)
    elif left.kind == "mount":
        command = ("/bin/umount", "--lazy", left.name)
        subprocess.run(command, check=True, capture_output=True, timeout=_UMOUNT_TIMEOUT_S)
    elif left.kind == "folder":
        shutil.rmtree(left.name)
    elif left.name in machine.names():  # its run may be about to end
        machine.remove(left.name)


def _is_left(name: str) -> bool:
    """Tell whether a name is of a run whose maker is gone."""
    found = _OWNER.match(name)
    return found is not None and not Path("/proc", found[1]).exists()


def _folders() -> Iterator[Path]:
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{FAMILY}*")):
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.geteuid():
                yield path


def _mounts(folders: list[Path]) -> list[str]:
    """Return what is mounted in these folders, the innermost first."""
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    points = [line.split(" ")[1] for line in lines]
    return [
        point for point in reversed(points) if any(Path(point).is_relative_to(f) for f in folders)
    ]


def _processes() -> Iterator[int]:
    """Yield the processes that were started for a run, but outside its namespaces."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:  # it has ended, or is another user's
            continue
        for variable in variables:
            name, _, value = variable.decode(errors="replace").partition("=")
            if name == MARK and _is_left(value):
                yield int(path.parent.name)
