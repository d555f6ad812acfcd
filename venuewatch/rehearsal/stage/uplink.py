"""A venue's line to the centre, which can be made long and lossy, and cut without a sign."""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from functools import partial
from typing import Final, Self

import msgspec

from venuewatch.rehearsal.stage.delay_line import Counts, Settings, Way
from venuewatch.rehearsal.stage.machine import Machine, StageError, inside

DEVICE: Final = "uplink"

_LINE: Final = "venuewatch.rehearsal.stage.delay_line"
_TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h
_IFF_TUN_NO_PI: Final = 0x0001 | 0x1000  # IP packets, with nothing before them
_LARGEST_ANSWER: Final = 65_536
_END_S: Final = 10.0
_CUT: Final = Way(is_cut=True)


class Uplink:
    """A delay line from ``low`` (up is from there) to ``high``, whose device there is ``at_high``.

    ``way`` is how each direction is while it is not cut.
    """

    def __init__(self, low: Machine, high: Machine, at_high: str, way: Way | None = None) -> None:
        self._ends = ((low, DEVICE), (high, at_high))
        self._way = way or Way()
        self._process: subprocess.Popen[bytes]
        self._commands: socket.socket

    def start(self, seed: int = 1) -> Self:
        """Make the devices and carry packets."""
        devices = [
            inside(machine.namespace, partial(_open_device, name)) for machine, name in self._ends
        ]
        command = [sys.executable, "-I", "-m", _LINE, str(seed), *map(str, devices)]
        self._commands, far = socket.socketpair()
        with far:
            self._process = subprocess.Popen(
                command, stdin=far.fileno(), stdout=far.fileno(), pass_fds=devices
            )
        for device in devices:
            os.close(device)
        self.heal()
        return self

    def cut(self, *, up: bool = True, down: bool = True) -> Counts:
        """Lose every packet of these directions, from the return of this call on."""
        way = self._way
        return self.change(Settings(_CUT if up else way, _CUT if down else way))

    def heal(self) -> Counts:
        """Carry packets again."""
        return self.change(Settings(self._way, self._way))

    def change(self, settings: Settings) -> Counts:
        """Carry packets so from now on; return the counts until now.

        Raises:
            StageError: the line's process has ended.
        """
        try:
            self._commands.sendall(msgspec.json.encode(settings) + b"\n")
            answer = self._commands.recv(_LARGEST_ANSWER)
        except OSError:
            answer = b""
        if not answer:
            raise StageError("an uplink's process has ended, and the uplink with it")
        return msgspec.json.decode(answer, type=Counts)

    def close(self) -> None:
        """End the line, and with it the devices; it may never have begun."""
        if hasattr(self, "_process"):
            self._commands.close()
            self._process.wait(_END_S)


def _open_device(name: str) -> int:
    """Make a TUN device in this namespace; return its descriptor, which does not block."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor
