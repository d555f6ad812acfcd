"""A serial device is read as its bytes come, and read again when it was away."""

import os
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.checks.reading.times import Deadline
from agent.checks.ways import Heard, Terms, device
from agent.checks.ways.device import Device, Settings, attributes, open_way
from tests.agent.checks.ways.hall import NOW, PATIENCE_S

TERMS = Terms(1000, 60.0)


class Hall:
    """A scoreboard at a serial line: a terminal of its own stands in for the cable."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ttyUSB0"
        self.board = 0
        self.cable = 0
        self.plug()
        self.way = made(self.path)

    def plug(self) -> None:
        self.board, self.cable = os.openpty()
        os.set_blocking(self.board, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self.cable))

    def unplug(self) -> None:
        os.close(self.board)
        os.close(self.cable)
        self.path.unlink()

    def says(self, content: bytes) -> None:
        assert os.write(self.board, content) == len(content)

    def hears(self) -> Heard:
        return self.way.hear(NOW, Deadline(PATIENCE_S))


def made(path: Path, **more: Any) -> Device:
    return open_way(Settings(path=str(path), **more), TERMS)


def content(heard: Heard) -> bytes:
    return b"".join(piece.content for piece in heard.pieces)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.way.close()
    if hall.path.is_symlink():
        hall.unplug()


def test_bytes_come_as_they_are(hall: Hall) -> None:
    every = bytes(range(256))
    begun = hall.hears()
    hall.says(every)

    heard = hall.hears()

    assert begun == Heard(begun=("1",))
    assert content(heard) == every
    assert [piece.is_whole for piece in heard.pieces] == [False]
    assert hall.hears() == Heard()


def test_what_came_before_the_device_was_set_is_dropped(hall: Hall) -> None:
    hall.says(b"half a fra")

    assert hall.hears().pieces == ()


def test_device_that_vanishes_is_trouble_and_opened_again(hall: Hall) -> None:
    hall.hears()
    hall.says(b"HOME 3")
    hall.hears()
    hall.unplug()
    away = [hall.hears(), hall.hears()]
    hall.plug()
    back = hall.hears()
    hall.says(b"HOME 4")

    assert [each.trouble for each in away] == [f"{hall.path}: No such file or directory"] * 2
    assert [each.is_unreadable for each in away] == [True, True]
    assert [each.ended for each in away] == [("1",), ()]
    assert (back.trouble, back.begun) == ("", ("2",))
    assert content(hall.hears()) == b"HOME 4"


def test_device_that_was_changed_between_two_readings_goes_on(hall: Hall) -> None:
    hall.hears()
    hall.unplug()
    hall.plug()

    heard = hall.hears()

    assert (heard.trouble, heard.ended, heard.begun) == ("", ("1",), ("2",))


def test_fast_board_ends_the_hearing_and_is_told_as_unread(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "MAX_BYTES", 100)
    monkeypatch.setattr(device, "_READ_BYTES", 60)
    hall.hears()
    hall.says(b"x" * 200)

    first, second = hall.hears(), hall.hears()
    late = hall.way.hear(NOW, Deadline(-1.0))

    assert [(len(content(each)), each.unread) for each in (first, second)] == [(120, 1), (80, 0)]
    assert (late.pieces, late.unread) == ((), 1)


def test_words_are_sent_as_far_as_the_device_takes_them(hall: Hall) -> None:
    closed = hall.way.say(b"GETSTATUS\r")
    begun = hall.hears().begun

    said = hall.way.say(b"GETSTATUS\r", begun[0])
    heard = os.read(hall.board, 100)
    too_much = hall.way.say(b"x" * 10_000_000)

    assert (closed, said, heard) == ("the device is not open", "", b"GETSTATUS\r")
    assert too_much.startswith("the device took ")
    assert hall.way.say(b"x", "9") == "the device is not open"


def test_what_is_no_serial_device_is_trouble_and_is_not_waited_for(tmp_path: Path) -> None:
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_bytes(b"HOME 3")

    for path in (pipe, file, tmp_path, Path("/dev/null")):
        heard = made(path).hear(NOW, Deadline(PATIENCE_S))
        assert heard.trouble == f"{path}: expected a serial device"
        assert heard.is_unreadable


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_device_of_others_is_trouble(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    os.chmod(os.ttyname(hall.cable), 0)  # noqa: PTH101

    heard = hall.hears()
    hall.unplug()

    assert "permission denied" in heard.trouble


@pytest.mark.skipif(sys.platform != "linux", reason="others feign parity on such a terminal")
def test_line_that_the_device_can_not_have_is_trouble(hall: Hall) -> None:
    for more in ({"bits": 7, "parity": "even"}, {"parity": "odd"}):
        heard = made(hall.path, **more).hear(NOW, Deadline(PATIENCE_S))
        assert heard.trouble.endswith(": it can not have this speed, these bits or this parity")


def test_system_without_serial_devices_is_told(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "termios", None)

    assert "use a device server and `connect`" in hall.hears().trouble


@pytest.mark.parametrize(
    ("settings", "flags", "absent"),
    [
        ({}, termios.CS8, termios.PARENB | termios.CSTOPB),
        ({"bits": 7, "parity": "even"}, termios.CS7 | termios.PARENB, termios.PARODD),
        ({"parity": "odd", "stop_bits": 2}, termios.PARENB | termios.PARODD | termios.CSTOPB, 0),
    ],
)
def test_line_is_set_as_the_settings_say(settings: Any, flags: int, absent: int) -> None:
    found = [1, 2, termios.HUPCL, 4, 5, 6, [b"\x03"] * 32]

    line = attributes(Settings(path="/dev/ttyS0", speed=19_200, **settings), termios, found)

    assert line[2] & flags == flags
    assert line[2] & (absent | termios.HUPCL) == 0
    assert line[2] & termios.CLOCAL
    assert line[2] & termios.CSIZE == flags & termios.CSIZE or settings.get("bits") is None
    assert (line[0], line[1], line[3]) == (0, 0, 0)
    assert line[4] == line[5] == termios.B19200
