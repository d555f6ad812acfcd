"""A results program says that it lives, and how far it is."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import venuewatch.push
from agent.checks import Reading
from agent.checks.push import Check, Config, Program
from agent.checks.reading.said import MAX_DATAGRAM
from agent.checks.reading.times import Now
from tests.agent.checks.feed.hall import untimed
from tests.agent.checks.feed.results_day import Clock
from venuewatch.push import say_alive, say_goodbye


class Hall:
    def __init__(self, **fields: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = sock.getsockname()
        self.config = Config(
            name="scores",
            listen_port=self.address[1],
            program=fields.get("program", ""),
            silence_limit_s=60.0,
            frozen_after_s=45.0,
        )
        self.clock = Clock(1_722_700_000.0)
        self.check = Check(self.config, lambda _name: None, self.clock)

    def read(self, later_s: float = 0.0) -> Reading:
        self.clock.wall_s += later_s
        return self.check.read()

    def sends(self, datagram: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(datagram, self.address)


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.check.close()


def test_a_program_that_says_it_lives_flows(hall: Hall) -> None:
    say_alive(123, address=hall.address)

    reading = hall.read()

    assert (reading.state, untimed(reading.detail)) == ("flowing", "last is 123")
    assert reading.values.results_last_number == 123
    assert reading.values.results_last_message_timestamp_seconds == hall.clock.wall_s


def test_a_program_that_says_nothing_is_silent_even_before_its_first_word(hall: Hall) -> None:
    states = [hall.read(later_s).state for later_s in (0.0, 60.0, 1.0)]

    assert states == ["unknown", "unknown", "silent"]


def test_a_program_that_goes_quiet_is_silent_after_its_limit(hall: Hall) -> None:
    say_alive(1, address=hall.address)
    hall.read()

    assert [hall.read(60.0).state, hall.read(1.0).state] == ["flowing", "silent"]


def test_live_and_alive_without_a_new_result_is_frozen(hall: Hall) -> None:
    states = []
    for last in (1, 2, 2, 2, 2, 3):
        say_alive(last, live=True, address=hall.address)
        states.append(hall.read(20.0).state)

    assert states == ["flowing", "flowing", "flowing", "flowing", "frozen", "flowing"]


def test_a_program_that_is_not_live_may_rest(hall: Hall) -> None:
    for _ in range(10):
        say_alive(1, address=hall.address)
        hall.read(50.0)

    assert hall.read().state == "flowing"


def test_going_live_begins_a_new_wait(hall: Hall) -> None:
    say_alive(1, address=hall.address)
    hall.read()
    for _ in range(2):
        say_alive(1, live=True, address=hall.address)
        hall.read(50.0)

    say_alive(1, live=True, address=hall.address)

    assert hall.read(-10.0).state == "flowing"


def test_a_program_that_said_goodbye_is_not_missed_until_it_is_back(hall: Hall) -> None:
    say_goodbye(address=hall.address)
    away = [hall.read().state, hall.read(3600.0).state]
    say_alive(1, address=hall.address)
    back = hall.read().state

    assert (away, back) == (["not_expected", "not_expected"], "flowing")


def test_a_last_result_that_goes_backward_is_counted() -> None:
    program = Program(Config(name="scores"), Now(0.0, 0.0))
    for last in (5, 3, 4):
        program.hear(b'{"last": %d}' % last, Now(1.0, 1.0))

    values = program.judge(Now(1.0, 1.0)).values

    assert values.results_version_regressions_total == 1
    assert values.results_last_number == 4


UNREAD = {
    "nothing": b"",
    "a timer's own text": b"T 12:03.55 R1\r",
    "a list": b"[1]",
    "a number": b"12",
    "too long": b'{"last": 1, "more": "' + b"x" * MAX_DATAGRAM + b'"}',
    "cut": b'{"last": 1, "li',
    "deep": b'{"last": ' + b"[" * 900,
    "bytes of a machine": b"\x00\x00\x01\x02\x00\x07\x00\x00",
    "cut UTF-16": '{"last": 12'.encode("utf-16-le")[:-1],
}


@pytest.mark.parametrize("datagram", UNREAD.values(), ids=UNREAD)
def test_datagrams_that_cannot_be_read_are_no_silence(hall: Hall, datagram: bytes) -> None:
    hall.read(50.0)
    for _ in range(20):
        hall.sends(datagram)

    reading = hall.read(11.0)

    assert reading.state == "delayed"
    assert "; 20 datagrams could not be read, expected JSON such as {" in reading.detail
    assert reading.values.results_parse_errors_total == 20
    assert hall.read(61.0).state == "silent"


SPOKEN = {
    "text": b'{"last": "12", "live": true}',
    "fraction": b'{"last": 12.0, "live": 1}',
    "text with a fraction": b'{"last": " 12.00", "live": "YES"}',
    "word": b'{"last": 12, "live": "True", "name": 3}',
    "UTF-16LE with a mark": '\ufeff{"last": 12, "live": true}'.encode("utf-16-le"),
    "UTF-16LE": '{"last": 12, "live": true}'.encode("utf-16-le"),
    "UTF-16BE": '{"last": 12, "live": true}'.encode("utf-16-be"),
    "UTF-8 with a mark": b'\xef\xbb\xbf{"last": 12, "live": true}',
    "cp1252": b'{"last": 12, "live": true, "name": "caf\xe9"}',
    "buffer": b'{"last": 12, "live": true}\r\n' + b"\0" * 38,
    "buffer of UTF-16LE": '{"last": 12, "live": true}'.encode("utf-16-le") + b"\0" * 38,
}


@pytest.mark.parametrize("datagram", SPOKEN.values(), ids=SPOKEN)
def test_datagrams_are_heard_as_programs_write_them(hall: Hall, datagram: bytes) -> None:
    hall.sends(datagram)

    reading = hall.read()

    assert (reading.state, untimed(reading.detail)) == ("flowing", "last is 12")
    assert reading.values.results_live_units == 1
    assert reading.values.results_parse_errors_total == 0


ODD = {
    "negative": (b'{"last": -1}', "last"),
    "huge": (b'{"last": 1e300}', "last"),
    "long": (b'{"last": "' + b"9" * 500 + b'"}', "last"),
    "true": (b'{"last": true}', "last"),
    "word": (b'{"live": "perhaps"}', "live"),
    "goodbye": (b'{"bye": 2}', "bye"),
    "name": (b'{"name": "' + b"x" * 65 + b'"}', "name"),
    "deep name": (b'{"name": ' + b"[" * 490 + b"]" * 490 + b"}", "name"),
}


@pytest.mark.parametrize(("datagram", "field"), ODD.values(), ids=ODD)
def test_an_odd_field_is_counted_and_costs_that_field_only(
    hall: Hall, datagram: bytes, field: str
) -> None:
    hall.sends(datagram)

    reading = hall.read()

    assert reading.state == "flowing"
    assert untimed(reading.detail) == f"last is None; could not read {field}"
    assert reading.values.results_parse_errors_total == 1


def test_state_is_told_with_its_beginning_and_the_last_good_datagram(hall: Hall) -> None:
    say_alive(5, address=hall.address)
    flowing = hall.read()
    hall.sends(b"hello")

    delayed, still = hall.read(200.0), hall.read(50.0)

    at = datetime.fromtimestamp(hall.clock.wall_s, UTC)
    good, begun = (f"{at - timedelta(seconds=ago_s):%H:%M:%S} UTC" for ago_s in (250, 50))
    assert f"since {good}, last good message {good}" in flowing.detail
    assert (delayed.state, still.state) == ("delayed", "delayed")
    assert f"since {begun}, last good message {good}" in still.detail


def test_sound_datagram_ends_the_count_of_unread_ones(hall: Hall) -> None:
    hall.sends(b"hello")
    say_alive(5, address=hall.address)

    assert untimed(hall.read().detail) == "last is 5"


def test_only_another_program_talking_is_no_silence() -> None:
    hall = Hall(program="scoreboard")
    hall.read(60.0)
    say_alive(1, name="clock", address=hall.address)

    reading = hall.read(1.0)
    hall.check.close()

    assert reading.state == "critical"
    assert reading.detail.endswith("; 1 datagram refused, with the name 'clock', not 'scoreboard'")


def test_another_program_is_not_taken_for_this_one() -> None:
    hall = Hall(program="scoreboard")
    say_alive(1, name="clock", address=hall.address)
    say_alive(2, name="scoreboard", address=hall.address)

    values = hall.read().values
    hall.check.close()

    assert (values.results_messages_total, values.results_parse_errors_total) == (1, 1)
    assert values.results_last_number == 2


def test_a_taken_port_is_critical_until_it_is_free(hall: Hall) -> None:
    second = Check(hall.config, lambda _name: None, hall.clock)
    taken = second.read()
    hall.check.close()
    free = second.read()
    second.close()

    assert (taken.state, free.state) == ("critical", "unknown")
    assert taken.detail.startswith(f"port {hall.address[1]}: another program listens there already")


def test_nobody_listening_hurts_no_program() -> None:
    for _ in range(3):
        say_alive(1, address=("127.0.0.1", 9))
    say_alive(1, address=("192.0.2.1", 9))


def test_the_client_runs_where_there_is_nothing_but_python(hall: Hall, tmp_path: Path) -> None:
    shutil.copy(venuewatch.push.__file__, tmp_path / "push.py")
    program = f"import push; push.say_alive(7, live=True, address={hall.address!r})"

    subprocess.run([sys.executable, "-S", "-c", program], check=True, cwd=tmp_path, timeout=60)

    assert hall.read().values.results_last_number == 7


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_shell_can_say_it_too(hall: Hall) -> None:
    line = f'echo \'{{"last": 8, "live": true}}\' > /dev/udp/127.0.0.1/{hall.address[1]}'

    subprocess.run(["bash", "-c", line], check=True, timeout=60)

    assert hall.read().values.results_last_number == 8


@given(st.lists(st.binary(max_size=100)))
def test_whatever_is_sent_is_heard_or_counted(datagrams: list[bytes]) -> None:
    program = Program(Config(name="scores"), Now(0.0, 0.0))
    for datagram in datagrams:
        program.hear(datagram, Now(1.0, 1.0))

    values = program.judge(Now(2.0, 2.0)).values

    heard = (values.results_messages_total or 0) + (values.results_parse_errors_total or 0)
    assert heard == len(datagrams)
