"""A connection is made, kept, and made anew where it ended or fell silent."""

import socket
from collections.abc import Iterator

import pytest

from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, Terms
from agent.checks.ways.connect import Connect, Settings, open_way
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S
from venuewatch.base.refusals import RefusedError, convert

LOOKS = 10_000


class Hall:
    def __init__(self) -> None:
        self.listener = socket.create_server((LOOPBACK, 0))
        self.listener.settimeout(PATIENCE_S)
        address = f"{LOOPBACK}:{self.listener.getsockname()[1]}"
        self.way: Connect = open_way(Settings(address=address), Terms(1000, 30.0))
        self.now = Now(0.0, 1_722_700_000.0)

    def accepts(self) -> socket.socket:
        return self.listener.accept()[0]

    def hears(self, later_s: float = 0.0) -> Heard:
        self.now = Now(self.now.monotonic_s + later_s, self.now.wall_s + later_s)
        return self.way.hear(self.now, Deadline(PATIENCE_S))

    def hears_something(self) -> Heard:
        heard = Heard()
        for _ in range(LOOKS):
            heard = self.hears()
            if heard != Heard():
                break
        return heard


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.way.close()
    hall.listener.close()


def test_what_comes_is_of_the_stream_that_began(hall: Hall) -> None:
    begun = hall.hears()
    with hall.accepts() as console:
        console.sendall(b"HOME 3\r")
        heard = hall.hears_something()

    assert begun.begun == ("1",)
    assert [(piece.content, piece.source, piece.is_whole) for piece in heard.pieces] == [
        (b"HOME 3\r", "1", False)
    ]


def test_a_source_that_hung_up_is_connected_to_again_in_a_new_stream(hall: Hall) -> None:
    hall.hears()
    with hall.accepts() as console:
        console.sendall(b"HOME")
    heard = [hall.hears_something()]
    while not heard[-1].begun:
        heard.append(hall.hears_something())

    assert b"".join(piece.content for each in heard for piece in each.pieces) == b"HOME"
    assert [source for each in heard for source in each.ended] == ["1"]
    assert heard[-1].begun == ("2",)
    assert heard[-1].trouble == "it hung up"


def test_a_connection_that_says_nothing_is_made_anew(hall: Hall) -> None:
    hall.hears()
    with hall.accepts() as forgotten:
        kept, anew = hall.hears(30.0), hall.hears(0.1)

        assert kept == Heard()
        assert (anew.ended, anew.begun) == (("1",), ("2",))
        assert forgotten.recv(1) == b""


def test_a_source_that_does_not_listen_is_trouble_but_not_ours(hall: Hall) -> None:
    hall.listener.close()

    heard = hall.hears()

    assert heard == Heard(trouble="nothing listens there")


def test_what_is_said_goes_to_the_connection_that_is_meant(hall: Hall) -> None:
    before = hall.way.say(b"x")
    hall.hears()
    with hall.accepts() as console:
        now, other = hall.way.say(b"GETSTATUS\r\n", "1"), hall.way.say(b"x", "2")

        assert console.recv(100) == b"GETSTATUS\r\n"
    assert (before, now, other) == ("it is not connected", "", "it is not connected")


def test_a_source_that_takes_nothing_holds_nothing_up(hall: Hall) -> None:
    hall.hears()
    with hall.accepts():
        failed = {hall.way.say(b"x" * 1_000_000) for _ in range(20)}

    assert "it does not take what is sent" in failed


@pytest.mark.parametrize("address", ["10.1.0.30", "10.1.0.30:", ":80", "a b:80", "fd00::7:80", ""])
def test_an_address_that_is_none_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(RefusedError, match="expected a host and a port, as in"):
        convert({"address": address}, Settings)


@pytest.mark.parametrize("address", ["timer.venue.example:80", "[fd00::7]:80", "[fe80::1%eth0]:80"])
def test_names_and_addresses_are_taken(address: str) -> None:
    convert({"address": address}, Settings)
