"""A venue's line to the centre, which can be made long and lossy, and cut without a sign."""

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
from functools import partial
from typing import Final, Self

import msgspec

from venuewatch.rehearsal.stage.delay_line import Counts, Settings, Way, ask
from venuewatch.rehearsal.stage.machine import Machine, StageError, inside

DEVICE: Final = "uplink"

_LINE: Final = "venuewatch.rehearsal.stage.delay_line"
_TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h
_IFF_TUN_NO_PI: Final = 0x0001 | 0x1000  # IP packets, with nothing before them
_END_S: Final = 10.0
_CUT: Final = Way(is_cut=True)


class Uplink:
    """A delay line from ``low`` (up is from there) to ``high``, whose device there is ``at_high``.

    ``way`` is each direction as it is made. The process that has started the line may change it,
    and so may another that names the same machines; a change holds as long as its process lives.
    """

    def __init__(self, low: Machine, high: Machine, at_high: str, way: Way | None = None) -> None:
        self._ends = ((low, DEVICE), (high, at_high))
        self.way = way or Way()
        self.address = f"\0{low.namespace}-{DEVICE}"  # Linux: of no file, gone with its process
        self._line: subprocess.Popen[bytes] | None = None
        self._commands: socket.socket | None = None

    @property
    def round_trip_s(self) -> float:
        """How long (s) a packet and its answer take, as the line was made."""
        return 2 * (self.way.delay_s + self.way.jitter_s)

    def start(self, seed: int = 1) -> Self:
        """Make the devices and carry packets."""
        made = msgspec.json.encode(Settings(self.way, self.way)).decode()
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            listener.bind(self.address)
            listener.listen()
            passed = [listener.fileno()]
            for machine, name in self._ends:
                passed.append(inside(machine.namespace, partial(_open_device, name)))
                stack.callback(os.close, passed[-1])
            low, _ = self._ends[0]
            where = ("ip", "netns", "exec", low.namespace)  # so the line ends with its low machine
            line = (sys.executable, "-I", "-m", _LINE, str(seed), *map(str, passed), made)
            self._line = subprocess.Popen(
                [*where, *line],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=passed,
                start_new_session=True,
            )
        self.heal()
        return self

    def cut(self, *, up: bool = True, down: bool = True) -> Counts:
        """Lose every packet of these directions, from the return of this call on."""
        way = self.way
        return self.change(Settings(_CUT if up else way, _CUT if down else way))

    def heal(self) -> Counts:
        """Carry packets again as the line was made to."""
        return self.change(None)

    def change(self, settings: Settings | None) -> Counts:
        """Carry packets so from now on (None: as made); return the counts until now.

        Raises:
            StageError: the line's process has ended.
        """
        try:
            if self._commands is None:
                self._commands = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self._commands.connect(self.address)
            return ask(self._commands, settings)
        except OSError:
            raise StageError("an uplink's process has ended, and the uplink with it") from None

    def close(self) -> None:
        """Undo the changes of this process, and end the line if it was started here."""
        if self._commands is not None:
            self._commands.close()
        if self._line is not None:
            self._line.terminate()
            self._line.wait(_END_S)


def _open_device(name: str) -> int:
    """Make a TUN device in this namespace; return its descriptor, which does not block."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor
