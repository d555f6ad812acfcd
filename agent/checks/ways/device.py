"""Reads a serial device: a scoreboard's console, a timer, a photo cell. Linux and macOS.

The device is opened for this check alone, and waits neither for a carrier nor for anything else.
Bytes wait in the kernel until the next reading. It has room for some 4 KB, which a fast board fills
in seconds: the rest is lost, so `every_s` should be small.
"""

import contextlib
import importlib
import os
import stat
from typing import Annotated, Any, Final, Literal

import msgspec

from agent.checks import PathName, about
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import in_words
from venuewatch.base.files import UnfitFileError

MAX_BYTES: Final = 1024 * 1024
"""What one hearing takes."""

_READ_BYTES: Final = 16 * 1024
_FLAGS: Final = (
    os.O_RDWR
    | getattr(os, "O_NOCTTY", 0)  # or it could become the agent's terminal, and end it
    | getattr(os, "O_NONBLOCK", 0)  # or opening waits for a carrier
    | getattr(os, "O_CLOEXEC", 0)
)
_GONE: Final = "the device has gone"
_SEVEN: Final = 7
_TWO: Final = 2

Speed = Literal[
    300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600
]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Opens a serial device, the first field of `device`, and opens it again when it was away.

    Only one program can read a device: what this check reads, a results program does not get. A
    device under `/dev/serial/by-id` keeps its name wherever it is plugged in.
    """

    path: Annotated[PathName, about("path of the device", "/dev/ttyUSB0")]
    speed: Annotated[Speed, about("bits in a second", 19_200)] = 9600
    bits: Annotated[Literal[7, 8], about("data bits", 7)] = 8
    parity: Annotated[Literal["none", "even", "odd"], about("parity bit", "even")] = "none"
    stop_bits: Annotated[Literal[1, 2], about("stop bits", 2)] = 1


def open_way(settings: Settings, terms: Terms) -> "Device":  # noqa: ARG001 - none of them
    """Return the way; it opens the device from now on, if it can."""
    return Device(settings)


class Device:
    """Keeps a serial device open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._descriptor: int | None = None
        self._number = 0

    def hear(self, _now: Now, deadline: Deadline) -> Heard:
        """Return the bytes that wait, opening the device first if need be."""
        heard = self._drain(deadline)
        if self._is_open():
            return heard
        trouble = self._open()
        if not self._is_open():
            return heard._replace(trouble=trouble, is_unreadable=True)
        begun, again = (str(self._number),), self._drain(deadline)
        return again._replace(
            pieces=(*heard.pieces, *again.pieces),
            ended=(*heard.ended, *again.ended),
            begun=begun if self._is_open() else (),
        )

    def say(self, content: bytes, source: str = "") -> str:
        """Send it, as far as the device takes it at once."""
        if self._descriptor is None or source not in ("", str(self._number)):
            return "the device is not open"
        try:
            sent = os.write(self._descriptor, content)
        except OSError as error:
            return self._words(error)
        is_whole = sent == len(content)
        return "" if is_whole else f"the device took {sent} of {len(content)} bytes"

    def close(self) -> None:
        """Close the device."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _is_open(self) -> bool:
        return self._descriptor is not None

    def _drain(self, deadline: Deadline) -> Heard:
        """Return what has come, and close the device where it has gone."""
        descriptor, source = self._descriptor, str(self._number)
        if descriptor is None:
            return Heard()
        pieces: list[Piece] = []
        taken_bytes = 0
        while taken_bytes < MAX_BYTES and not deadline.is_over():
            try:
                content = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                return Heard(tuple(pieces))
            except OSError:  # on Linux, of a device that was unplugged
                content = b""
            if not content:
                self.close()
                return Heard(tuple(pieces), _GONE, ended=(source,), is_unreadable=True)
            taken_bytes += len(content)
            pieces.append(Piece(content, source=source))
        return Heard(tuple(pieces), unread=1)

    def _open(self) -> str:
        """Open the device and set it; return what keeps it from that, "" if nothing."""
        try:
            termios = importlib.import_module("termios")
        except ImportError:
            return "this system has no serial devices for it: use a device server and `connect`"
        path = self._settings.path
        descriptor = None
        try:
            if not stat.S_ISCHR(os.stat(path).st_mode):  # noqa: PTH116 - the agent spares pathlib
                raise UnfitFileError("expected a serial device")
            descriptor = os.open(path, _FLAGS)
            _set(descriptor, self._settings, termios)
        except (OSError, termios.error) as error:
            if descriptor is not None:
                os.close(descriptor)
            return self._words(error)
        self._descriptor = descriptor
        self._number += 1
        return ""

    def _words(self, error: Exception) -> str:
        if not isinstance(error, OSError):  # of termios, with the number and the words of one
            error = OSError(*error.args)
        return short(f"{self._settings.path}: {in_words(error)}")


def _set(descriptor: int, settings: Settings, termios: Any) -> None:
    """Take a device for this check alone, and set its line; raises OSError or termios.error."""
    if not os.isatty(descriptor):
        raise UnfitFileError("expected a serial device")
    wanted = attributes(settings, termios, termios.tcgetattr(descriptor))
    termios.tcsetattr(descriptor, termios.TCSANOW, wanted)
    line = termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB
    found = termios.tcgetattr(descriptor)  # what it can't have is left out without a word
    if (found[2] ^ wanted[2]) & line or found[4:6] != wanted[4:6]:
        raise UnfitFileError("it can not have this speed, these bits or this parity")
    ioctl = importlib.import_module("fcntl").ioctl
    ioctl(descriptor, termios.TIOCEXCL)
    termios.tcflush(descriptor, termios.TCIFLUSH)  # what came at another speed


def attributes(settings: Settings, termios: Any, found: list[Any]) -> list[Any]:
    """Return what to set of a device: bytes as they come, without a modem and its control.

    ``found`` is as ``termios.tcgetattr`` returns it.
    """
    control = termios.CREAD | termios.CLOCAL  # no wait for a carrier, no hang-up without one
    control |= termios.CS7 if settings.bits == _SEVEN else termios.CS8
    if settings.parity != "none":
        control |= termios.PARENB | (termios.PARODD if settings.parity == "odd" else 0)
    control |= termios.CSTOPB if settings.stop_bits == _TWO else 0
    speed = getattr(termios, f"B{settings.speed}", settings.speed)  # macOS takes the number
    characters = list(found[6])
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0  # no byte is not the end
    return [0, 0, control, 0, speed, speed, characters]
