"""Witness of agents: it finds in /proc each that runs, by the file of its configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SHELLS: Final = frozenset({b"sh", b"/bin/sh"})
_PARENT: Final = 1  # proc_pid_stat(5), of the fields behind the name


def configurations(folder: Path) -> Iterator[Path]:
    """Yield the file of each agent that runs, as seen from the folder that all of them are in.

    A shell that may start one later is none, nor is the copy that an agent makes of itself when
    it starts a program: for a moment that goes by the words of its parent.
    """
    running = dict(_found(folder))
    for pid, file in running.items():
        parent = _parent(pid)
        if parent is not None and running.get(parent) != file:
            yield file


def _found(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        for word in words if words[0] not in _SHELLS else ():
            file = Path(word.decode(errors="replace"))
            is_read = file.name.startswith("agent-") and file.suffix == ".toml"
            if is_read and file.is_relative_to(folder):
                yield int(path.parent.name), file.relative_to(folder)


def _parent(pid: int) -> int | None:
    """Return the process id of a process's parent; None: it has ended meanwhile."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[_PARENT])
