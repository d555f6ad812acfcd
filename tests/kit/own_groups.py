"""Groups of processes (cgroups) of a test's own, removed with all that was made below them.

A systemd of a test makes groups for its units. Without a group of its own they would be the
machine's, and stay.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from venuewatch.rehearsal.live.programs import until

GROUPS = Path("/sys/fs/cgroup")
WITHIN_S = 15.0
_ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done; shift; exec "$@"'


@contextmanager
def own_groups() -> Iterator[Sequence[str]]:
    """Yield the words before a command that is to run in groups of its own.

    A hierarchy in which none can be made is left out. All processes have to have ended by the end.
    """
    made = []
    for root in (GROUPS, GROUPS / "unified", GROUPS / "systemd"):
        group = root / f"venuewatch-test-{os.getpid()}"
        if (root / "cgroup.procs").exists():
            with suppress(OSError):
                group.mkdir()
                made.append(group)
    try:
        yield ("sh", "-euc", _ENTER, "enter", *map(str, made), "--")
    finally:
        until("the groups are removed", lambda: all(map(_is_removed, made)), within_s=WITHIN_S)


def _is_removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # a process there has not ended yet
            Path(folder).rmdir()
    return not group.exists()
