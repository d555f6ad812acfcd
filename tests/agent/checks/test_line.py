"""A console or a serial board keeps talking, or does not."""

import socket
from collections.abc import Callable, Iterator

import pytest

from agent.checks import Reading
from agent.checks.line import Check, Config
from tests.agent.checks.feed.results_day import Clock

PATIENCE_S = 10.0
LOOKS = 100_000


class Hall:
    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.clock = Clock(1_722_700_000.0)
        config = Config(
            name="console",
            address="127.0.0.1",
            port=self.listener.getsockname()[1],
            silence_limit_s=30.0,
            max_line_bytes=100,
        )
        self.check = Check(config, lambda _name: None, self.clock)

    def accept(self) -> socket.socket:
        sock, _ = self.listener.accept()
        return sock

    def read(self, later_s: float = 0.0) -> Reading:
        self.clock.wall_s += later_s
        return self.check.read()

    def until(self, is_so: Callable[[Reading], bool]) -> Reading:
        for _ in range(LOOKS):
            reading = self.read()
            if is_so(reading):
                return reading
        raise AssertionError(self.read())


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.check.close()
    hall.listener.close()


def has_lines(count: int) -> Callable[[Reading], bool]:
    return lambda reading: reading.values.results_messages_total == count


def test_the_connection_is_kept_between_readings(hall: Hall) -> None:
    first = hall.read()
    with hall.accept() as console:
        console.sendall(b"HOME 3\nAWAY 2\n")
        second = hall.until(has_lines(2))
        console.sendall(b"HOME 4\n")
        third = hall.until(has_lines(3))

    assert first.state == "unknown"
    assert (second.state, third.state) == ("flowing", "flowing")


def test_lines_of_a_console_end_as_it_likes(hall: Hall) -> None:
    hall.read()
    with hall.accept() as console:
        console.sendall(b"*\r* \r\n01539;559;80;0\r*\n" + b"x" * 200 + b"\r01540;\r")
        reading = hall.until(has_lines(2))

    assert reading.state == "flowing"
    assert reading.values.results_oversized_total == 1


def test_a_console_that_hung_up_is_connected_to_again(hall: Hall) -> None:
    hall.read()
    with hall.accept() as console:
        console.sendall(b"HOME 3\n")
    hall.until(has_lines(1))
    with hall.accept() as console:
        console.sendall(b"HOME 4\n")
        reading = hall.until(has_lines(2))

    assert reading.state == "flowing"


def test_a_console_that_is_gone_is_silent_after_its_limit_and_says_why(hall: Hall) -> None:
    hall.read()
    with hall.accept() as console:
        console.sendall(b"HOME 3\n")
        hall.until(has_lines(1))
    hall.listener.close()
    hall.until(lambda reading: "nothing listens there" in reading.detail)

    soon, later = hall.read(20.0), hall.read(11.0)

    assert soon.state == "flowing"
    assert later.state == "silent"
    assert later.detail.startswith("nothing for 31 s, limit 30 s; nothing listens there; since ")


def test_a_connection_that_says_nothing_for_too_long_is_made_anew(hall: Hall) -> None:
    hall.read()
    with hall.accept() as forgotten:
        hall.read(31.0)
        with hall.accept() as console:
            console.sendall(b"HOME 3\n")
            reading = hall.until(has_lines(1))

        assert forgotten.recv(1) == b""

    assert reading.state == "flowing"


def test_a_console_that_floods_takes_no_reading_hostage(hall: Hall) -> None:
    hall.read()
    with hall.accept() as console:
        console.settimeout(0)
        sent = flood(console)
        hall.until(lambda reading: (reading.values.results_bytes_total or 0) >= sent)
        reading = hall.read()

    assert (reading.values.results_oversized_total or 0) == 0
    assert reading.state == "flowing"


def flood(console: socket.socket) -> int:
    sent = 0
    try:
        while sent < 10_000_000:
            sent += console.send(b"*\n" * 10_000)
    except BlockingIOError:
        pass
    return sent
