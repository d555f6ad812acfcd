"""The namespaces of one run, which are surely removed.

Their names begin with a prefix that holds the run's process id. The next run finds by it the
namespaces that a killed run has left, and removes them.
"""

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from venuewatch.rehearsal.stage.machine import StageError, ip, ip_batch, names, remove

_FAMILY: Final = "venuewatch-stage-"
_DEVICES: Final = (
    "link add name try0 type bridge",
    "link add name try1 type veth",
    "tuntap add dev try2 mode tun",
)
_number = itertools.count(1)


@contextlib.contextmanager
def run_of_namespaces() -> Iterator[str]:
    """Yield the prefix of this run's namespaces, and remove them and all that runs in them.

    Raises:
        StageError: this machine can't give them; the text says what is missing.
    """
    _require()
    _sweep()
    prefix = f"{_FAMILY}{os.getpid()}-{next(_number)}-"
    try:
        _try_out(f"{prefix}try")
        yield prefix
    finally:
        for name in names():
            if name.startswith(prefix):
                remove(name)


def _require() -> None:
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
            ip_batch([device], name)
        except StageError as error:
            raise StageError(f"the kernel gives no {device.split()[-1]} device: {error}") from None
    remove(name)


def _sweep() -> None:
    """Remove the namespaces that killed runs have left."""
    for name in names():
        owner = name.removeprefix(_FAMILY).partition("-")[0]
        if name.startswith(_FAMILY) and owner.isdigit() and not Path("/proc", owner).exists():
            remove(name)
