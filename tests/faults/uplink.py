"""A venue's line to the centre, which can be made long and bad, and cut without a word."""

import fcntl
import os
import struct
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final, Self

import msgspec

from tests.faults.delay_line import Counts, Settings, Way
from tests.faults.machine import Machine
from tests.faults.namespace import inside

DEVICE: Final = "uplink"

_LINE: Final = Path(__file__).with_name("delay_line.py")
_TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h
_IFF_TUN_NO_PI: Final = 0x0001 | 0x1000  # IP packets, with nothing before them
_CUT: Final = Way(is_cut=True)


class Uplink:
    """A delay line from ``low`` (up is from there) to ``high``, whose device there is ``at_high``.

    ``way`` is how each direction is while it is not cut.
    """

    def __init__(self, low: Machine, high: Machine, at_high: str, way: Way | None = None) -> None:
        self._ends = ((low, DEVICE), (high, at_high))
        self._way = way or Way()
        self._process: subprocess.Popen[bytes]

    def start(self, seed: int = 1) -> Self:
        """Make the devices and carry packets."""
        devices = [
            inside(machine.namespace, partial(_open_device, name)) for machine, name in self._ends
        ]
        command = [sys.executable, "-I", str(_LINE), str(seed), *map(str, devices)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=devices
        )
        for device in devices:
            os.close(device)
        self.heal()
        return self

    def cut(self, *, up: bool = True, down: bool = True) -> Counts:
        """Lose everything in these directions, from when this returns on."""
        way = self._way
        return self.change(Settings(_CUT if up else way, _CUT if down else way))

    def heal(self) -> Counts:
        """Carry packets again."""
        return self.change(Settings(self._way, self._way))

    def change(self, settings: Settings) -> Counts:
        """Behave so from now on; return what was carried and lost until now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(settings) + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the line has ended"
        return msgspec.json.decode(answer, type=Counts)

    def close(self) -> None:
        """End the line, and with it the devices; it may never have begun."""
        if hasattr(self, "_process"):
            self._process.communicate(timeout=10)


def _open_device(name: str) -> int:
    """Make a TUN device where we are; return its descriptor, which does not block."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor
