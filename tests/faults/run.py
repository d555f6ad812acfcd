"""What belongs to one run of the tests: its namespaces, which are surely removed.

Their names begin with a prefix that holds the run's process id: what a killed run has left behind
is found by that, and removed by the next.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.namespace import ip_batch, names, remove

_FAMILY: Final = "venuewatch-test-"
_REFUSALS: Final = (
    "not permitted",
    "not supported",
    "Unknown device type",
    "No such file",
    "No such device",
)
_number = itertools.count(1)


@contextlib.contextmanager
def run_of_namespaces() -> Iterator[str]:
    """Yield the prefix of this run's namespaces, and remove them and all that runs in them.

    Skips the test where this machine has no such thing.
    """
    _skip_where_impossible()
    _sweep()
    prefix = f"{_FAMILY}{os.getpid()}-{next(_number)}-"
    try:
        _skip_where_forbidden(f"{prefix}try")
        yield prefix
    finally:
        for name in names():
            if name.startswith(prefix):
                remove(name)


def _skip_where_impossible() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need root on Linux")
    if shutil.which("ip") is None or shutil.which("setpriv") is None:
        pytest.skip("iproute2 and util-linux are not installed")


def _skip_where_forbidden(name: str) -> None:
    try:
        ip_batch([f"netns add {name}"])
        ip_batch(["link add name try0 type veth peer name try1"], name)
        ip_batch(["link add name try2 type bridge", "tuntap add dev try3 mode tun"], name)
    except subprocess.CalledProcessError as error:
        if any(refusal in error.stderr for refusal in _REFUSALS):
            pytest.skip(f"no namespaces, veth, bridge or tun here: {error.stderr.strip()}")
        raise
    remove(name)


def _sweep() -> None:
    """Remove what runs that were killed have left."""
    for name in names():
        owner = name.removeprefix(_FAMILY).partition("-")[0]
        if name.startswith(_FAMILY) and owner.isdigit() and not Path("/proc", owner).exists():
            remove(name)
