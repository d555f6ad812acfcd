"""Datagrams come in whole, of those that may send, and no flood holds a reading up."""

import socket
from collections.abc import Iterator

import pytest

from agent.checks.net.peers import Peers
from agent.checks.reading.times import Deadline
from agent.checks.ways import Heard, Terms, udp
from agent.checks.ways.udp import Settings, Udp, open_way
from tests.agent.checks.ways.hall import LOOPBACK, NOW, PATIENCE_S


class Hall:
    def __init__(self, way: Udp) -> None:
        self.way = way
        assert way.hear(NOW, Deadline(PATIENCE_S)) == Heard()
        self.box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.box.bind((LOOPBACK, 0))
        self.box.settimeout(PATIENCE_S)

    def sends(self, *datagrams: bytes) -> None:
        for each in datagrams:
            self.box.sendto(each, (LOOPBACK, self.way.port))

    def hears(self) -> Heard:
        return self.way.hear(NOW, Deadline(PATIENCE_S))


def made(*peers: str) -> Udp:
    return Udp(LOOPBACK, 0, Peers(peers or ["127.0.0.1"]), 1000)


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall(made())
    yield hall
    hall.way.close()
    hall.box.close()


@pytest.fixture
def closed_hall() -> Iterator[Hall]:
    hall = Hall(made("10.9.9.0/24", "fd00::1"))
    yield hall
    hall.way.close()
    hall.box.close()


def test_each_datagram_is_one_whole_piece(hall: Hall) -> None:
    hall.sends(b"HOME 3\r", b"", b"\x00\xff")

    pieces = hall.hears().pieces

    assert [each.content for each in pieces] == [b"HOME 3\r", b"", b"\x00\xff"]
    assert all(each.is_whole for each in pieces)


def test_silence_is_no_trouble_and_no_wait(hall: Hall) -> None:
    assert hall.hears() == Heard()


def test_datagram_that_is_too_long_is_dropped_and_counted(hall: Hall) -> None:
    hall.sends(b"x" * 1000, b"x" * 1001, b"x" * 60_000)

    heard = hall.hears()

    assert [len(each.content) for each in heard.pieces] == [1000]
    assert heard.oversized == 2


def test_datagrams_of_others_are_counted_and_not_heard(closed_hall: Hall) -> None:
    closed_hall.sends(b"a", b"b")

    heard = closed_hall.hears()

    assert heard.pieces == ()
    assert (heard.refused, heard.refusals) == ("127.0.0.1 is not among `peers`", {"peer": 2})
    assert closed_hall.hears() == Heard()


def test_flood_ends_the_reading_and_is_told_as_unread(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "MAX_DATAGRAMS", 5)
    hall.sends(*[b"x"] * 7)

    first, second = hall.hears(), hall.hears()

    assert (len(first.pieces), first.unread) == (5, 1)
    assert (len(second.pieces), second.unread) == (2, 0)


def test_flood_of_others_ends_the_reading_too(
    closed_hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "MAX_DATAGRAMS", 5)
    closed_hall.sends(*[b"x"] * 7)

    assert [(it.refusals, it.unread) for it in (closed_hall.hears(), closed_hall.hears())] == [
        ({"peer": 5}, 1),
        ({"peer": 2}, 0),
    ]


def test_flood_of_bytes_ends_the_reading(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "MAX_BYTES", 1000)
    hall.sends(*[b"x" * 800] * 3)

    assert [len(hall.hears().pieces) for _ in range(2)] == [2, 1]


def test_reading_without_time_left_hears_nothing_and_says_what_waits(hall: Hall) -> None:
    hall.sends(b"x")

    heard = hall.way.hear(NOW, Deadline(-1.0))

    assert (heard.pieces, heard.unread) == ((), 1)


def test_port_that_is_taken_is_trouble_until_it_is_free() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, 0))
        port = other.getsockname()[1]
        way = Udp(LOOPBACK, port, Peers([]), 1000)
        taken = way.hear(NOW, Deadline(PATIENCE_S))

    free = way.hear(NOW, Deadline(PATIENCE_S))
    way.close()

    assert taken.trouble == f"127.0.0.1, port {port}: another program listens there already"
    assert free == Heard()


def test_address_that_this_machine_has_not_is_trouble() -> None:
    heard = Udp("192.0.2.1", 5100, Peers([]), 1000).hear(NOW, Deadline(PATIENCE_S))

    assert "this machine has no such address" in heard.trouble
    assert heard.is_unreadable


def test_answer_goes_to_the_sender_alone(hall: Hall) -> None:
    hall.sends(b"N")
    source = hall.hears().pieces[0].source

    assert hall.way.say(b"ack", source) == ""
    assert hall.box.recv(100) == b"ack"
    assert hall.way.say(b"all") == ""
    assert hall.box.recv(100) == b"all"


def test_what_can_not_be_sent_is_told(hall: Hall) -> None:
    assert hall.way.say(b"hello") == "nobody to send to has been heard yet"
    assert hall.way.say(b"hello", "10.0.0.9:1") == "nothing was heard of 10.0.0.9:1 lately"
    hall.sends(b"N")
    hall.hears()
    assert "too long" in hall.way.say(b"x" * 70_000).lower()


def test_senders_that_are_remembered_are_few(hall: Hall) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
            box.sendto(b"N", (LOOPBACK, hall.way.port))
    first = hall.hears().pieces[0].source

    assert hall.way.say(b"late", first) == f"nothing was heard of {first} lately"


def test_sender_that_has_gone_costs_no_later_datagram(hall: Hall) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
        box.sendto(b"N", (LOOPBACK, hall.way.port))
    hall.hears()
    hall.way.say(b"to nobody")
    hall.sends(b"still here")

    assert [each.content for each in hall.hears().pieces] == [b"still here"]


@pytest.mark.parametrize("address", ["127.0.0.1:5100", "[::1]:5100"])
def test_way_is_opened_by_its_settings(address: str) -> None:
    way = open_way(Settings(address=address), Terms(1000, 60.0))
    way.close()
    way.close()

    assert way.say(b"x") == "it does not listen"
    Settings(address="0.0.0.0:5100", peers=("10.1.0.0/24",))


@pytest.mark.parametrize(
    ("address", "peers", "words"),
    [
        ("5100", (), "Expected an IP address and a port"),
        ("hall:5100", (), "Expected an IP address and a port"),
        ("127.0.0.1:0", (), "Expected an IP address and a port"),
        ("127.0.0.1:65536", (), "Expected an IP address and a port"),
        ("127.0.0.1:٣", (), "Expected an IP address and a port"),
        ("127.0.0.1:" + "9" * 5000, (), "Expected an IP address and a port"),
        ("::1:5100", (), "Expected an IP address and a port"),
        ("0.0.0.0:5100", (), "Expected `peers` to listen beyond this machine"),
        ("[::]:5100", (), "Expected `peers` to listen beyond this machine"),
        ("0.0.0.0:5100", ("hall",), "Expected an IP address, or a network"),
    ],
)
def test_setting_that_can_not_be_meant_is_refused(
    address: str, peers: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(address=address, peers=peers)
