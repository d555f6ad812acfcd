"""A console or a serial board keeps talking, or does not."""

import socket
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import Reading
from agent.checks.line import Check, Config
from agent.checks.net.lines import Lines
from agent.checks.reading.times import Now
from tests.agent.checks.feed.results_day import Clock

PATIENCE_S = 10.0
LOOKS = 100_000


def at(seconds: float) -> Now:
    return Now(seconds, 1_722_700_000.0 + seconds)


def stars(texts: list[str]) -> list[bool]:
    return [text == "*" for text in texts]


@pytest.fixture
def lines() -> Lines:
    return Lines(stars, silence_limit_s=30.0, max_line_bytes=100, since=at(0.0))


@pytest.fixture
def bytes_only() -> Lines:
    return Lines(None, silence_limit_s=30.0, max_line_bytes=100, since=at(0.0))


def test_a_heartbeat_is_life_but_no_data(lines: Lines) -> None:
    lines.hear(b"T 12:31 HOME 3\r\n", at(10.0))
    lines.hear(b"*\r\n*\n\n", at(20.0))

    reading = lines.judge(at(25.0))

    assert reading.state == "flowing"
    assert reading.values.results_messages_total == 1
    assert reading.values.results_last_message_timestamp_seconds == at(20.0).wall_s
    assert reading.values.results_last_data_timestamp_seconds == at(10.0).wall_s


def test_silence_is_said_after_its_limit_and_not_before(lines: Lines) -> None:
    lines.hear(b"*\n", at(10.0))

    assert lines.judge(at(40.0)).state == "flowing"
    assert lines.judge(at(40.1)).state == "silent"
    assert lines.judge(at(40.1)).detail == "nothing for 30 s, limit 30 s"


def test_a_console_that_never_spoke_is_silent_once_it_had_its_time(lines: Lines) -> None:
    assert lines.judge(at(30.0)).state == "unknown"
    assert lines.judge(at(31.0)).state == "silent"


def test_bytes_that_never_make_a_line_are_delayed(lines: Lines) -> None:
    for second in range(0, 40, 10):
        lines.hear(b"\x00\xff" * 20, at(second))

    reading = lines.judge(at(35.0))

    assert reading[:2] == ("delayed", "bytes, but no whole line for 35 s, limit 30 s")


def test_a_board_without_lines_lives_as_long_as_bytes_come(bytes_only: Lines) -> None:
    for second in range(0, 60, 20):
        bytes_only.hear(b"\x02\x00", at(second))

    assert bytes_only.judge(at(60.0)).state == "flowing"
    assert bytes_only.judge(at(60.0)).values.results_bytes_total == 6
    assert bytes_only.judge(at(71.0)).state == "silent"


def test_a_line_that_is_too_long_is_counted_once_and_dropped(lines: Lines) -> None:
    for _ in range(10):
        lines.hear(b"x" * 90, at(1.0))
    lines.hear(b"\nHOME 3\n" + b"y" * 101 + b"\n", at(2.0))

    values = lines.judge(at(2.0)).values

    assert values.results_oversized_total == 2
    assert values.results_messages_total == 1


@given(st.binary(max_size=600), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_where_the_network_cuts_changes_nothing(stream: bytes, cuts: list[int]) -> None:
    whole, cut = (
        Lines(stars, silence_limit_s=30.0, max_line_bytes=20, since=at(0.0)) for _ in range(2)
    )
    whole.hear(stream + b"\n", at(1.0))
    ends = [0, *(sum(cuts[: n + 1]) for n in range(len(cuts))), len(stream) + 1]
    for begin, end in pairwise(sorted(min(each, len(stream) + 1) for each in ends)):
        cut.hear((stream + b"\n")[begin:end], at(1.0))

    assert whole.judge(at(1.0)) == cut.judge(at(1.0))


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
    assert later[:2] == ("silent", "nothing for 31 s, limit 30 s; nothing listens there")


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
