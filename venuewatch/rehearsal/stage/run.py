"""The namespaces of one run, which are surely removed.

A guardian removes them with all else that the run has left. Their names begin with a prefix that
holds the run's process id, so that the next run finds and removes them where the guardian was
killed, too. ``-m venuewatch.rehearsal.stage.run PREFIX`` removes those of one prefix.
"""

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import StageError, ip, names, remove

_DEVICES: Final = (
    "link add name try0 type bridge",
    "link add name try1 type veth",
    "tuntap add dev try2 mode tun",
)
_number = itertools.count(1)


class Run(NamedTuple):
    """A run: the prefix of its namespaces, and the guardian of its faults."""

    prefix: str
    guardian: Guardian


def guardian_of(prefix: str) -> str:
    """Return the address at which the guardian of a run listens."""
    return f"{prefix}guardian"


@contextlib.contextmanager
def run_of_namespaces(lease_s: float | None = None) -> Iterator[Run]:
    """Yield a run; its faults, its namespaces and all that runs in them are over afterwards.

    That is so, too, where this process is killed. ``lease_s``: how long this process may stand
    still before its faults are undone.

    Raises:
        StageError: this machine can't give them; the text says what is missing.
    """
    require()
    leftovers.remove(leftovers.find())
    prefix = f"{leftovers.FAMILY}{os.getpid()}-{next(_number)}-"
    with Guardian(guardian_of(prefix), lease_s, of=prefix) as guardian:
        remove_them = (sys.executable, "-I", "-m", "venuewatch.rehearsal.stage.run", prefix)
        guardian.make(partial(_try_out, f"{prefix}try"), undo=remove_them)
        yield Run(prefix, guardian)


def require() -> None:
    """Check that this machine can give a run. Raises StageError."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise StageError("network namespaces need root on Linux")
    for program, package in (("ip", "iproute2"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            raise StageError(f"{program} ({package}) is not installed")


def _try_out(name: str) -> None:
    """Make one of each kind of device, so that a kernel without one is known by its name."""
    ip("netns", "add", name)
    for device in _DEVICES:
        try:
            ip("-n", name, *device.split())
        except StageError as error:
            raise StageError(f"the kernel gives no {device.split()[-1]} device: {error}") from None
    remove(name)


def remove_all(prefix: str) -> None:
    """Remove the namespaces whose names begin so, and all that runs in them.

    Raises:
        StageError: some are still there.
    """
    for name in names():
        if name.startswith(prefix):
            with contextlib.suppress(StageError):  # another process may be removing it
                remove(name)
    left = [name for name in names() if name.startswith(prefix)]
    if left:
        raise StageError(f"these namespaces can't be removed: {', '.join(left)}")


if __name__ == "__main__":
    remove_all(sys.argv[1])
