"""Boxes that dial are heard: those that may, as many as have room, for as long as they like."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from agent.checks.net.peers import Peers
from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, Terms
from agent.checks.ways.listen import MAX_BYTES, PER_PEER, PLACES, Listen, Settings, open_way
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S
from venuewatch.base.refusals import RefusedError, convert

NOW = Now(0.0, 1_722_700_000.0)
LOOKS = 10_000


class Hall:
    def __init__(self, *peers: str) -> None:
        self.way = Listen(LOOPBACK, 0, Peers(peers))
        self.boxes: list[socket.socket] = []

    def dials(self, address: str = LOOPBACK) -> socket.socket:
        box = socket.create_connection((LOOPBACK, self.way.port), PATIENCE_S, (address, 0))
        self.boxes.append(box)
        return box

    def hears(self) -> Heard:
        return self.way.hear(NOW, Deadline(PATIENCE_S))

    def hears_of(self, size: int) -> tuple[bytes, list[Heard]]:
        """Hear until so many bytes have come."""
        content, all_heard = b"", []
        for _ in range(LOOKS):
            heard = self.hears()
            all_heard.append(heard)
            content += b"".join(piece.content for piece in heard.pieces)
            if len(content) >= size:
                break
        return content, all_heard

    def close(self) -> None:
        self.way.close()
        for box in self.boxes:
            box.close()


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall("127.0.0.0/8")
    yield hall
    hall.close()


def full(_sock: socket.socket) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def is_open(box: socket.socket) -> bool:
    box.settimeout(PATIENCE_S)
    try:
        return box.recv(1) != b""
    except ConnectionError:
        return False


def test_a_box_that_dials_is_heard_and_may_be_told_something(hall: Hall) -> None:
    box = hall.dials()
    box.sendall(b"V=1.2\r")

    content, heard = hall.hears_of(6)
    source = heard[0].begun[0]
    failed = hall.way.say(b"GETSTATUS\r\n", source)

    assert content == b"V=1.2\r"
    assert failed == ""
    assert box.recv(100) == b"GETSTATUS\r\n"


def test_a_box_may_say_nothing_for_as_long_as_it_likes(hall: Hall) -> None:
    box = hall.dials()
    hall.hears()
    hall.way.hear(Now(86_400.0, 1_722_786_400.0), Deadline(PATIENCE_S))

    box.sendall(b"*\r")

    assert hall.hears_of(2)[0] == b"*\r"


def test_a_box_that_hangs_up_ends_its_own_stream(hall: Hall) -> None:
    first, second = hall.dials(), hall.dials()
    begun = hall.hears().begun
    first.close()
    second.sendall(b"*\r")

    _, heard = hall.hears_of(2)
    while not any(each.ended for each in heard):
        heard.append(hall.hears())

    assert [source for each in heard for source in each.ended] == [begun[0]]


def test_a_peer_that_is_not_allowed_is_hung_up_on_and_told() -> None:
    hall = Hall("10.1.0.0/24", "127.0.0.2")
    try:
        stranger, friend = hall.dials(), hall.dials("127.0.0.2")
        friend.sendall(b"*\r")
        content, heard = hall.hears_of(2)

        assert content == b"*\r"
        assert heard[0].refused == "127.0.0.1 is not among `peers`"
        assert heard[0].refusals == {"peer": 1}
        assert not is_open(stranger)
    finally:
        hall.close()


def test_the_newest_four_of_an_address_stay(hall: Hall) -> None:
    boxes = [hall.dials() for _ in range(PER_PEER + 2)]
    heard = hall.hears()

    for box in boxes[2:]:
        box.sendall(b"*\r")

    assert len(heard.begun) == PER_PEER
    assert len(heard.ended) == 2
    assert not any(is_open(box) for box in boxes[:2])
    assert hall.hears_of(2 * PER_PEER)[0] == b"*\r" * PER_PEER


def test_a_peer_with_many_connections_takes_no_place_of_another(hall: Hall) -> None:
    lone = hall.dials("127.0.1.1")
    hall.hears()
    for at in range(2, 8):
        for _ in range(PER_PEER):
            hall.dials(f"127.0.1.{at}")
        hall.hears()

    newcomer = hall.dials("127.0.1.9")
    hall.hears()
    lone.sendall(b"*\r")
    newcomer.sendall(b"*\r")

    assert hall.hears_of(4)[0] == b"*\r*\r"
    assert len(hall.way._boxes) == PLACES  # noqa: SLF001


def test_a_box_that_floods_holds_no_other_up(hall: Hall) -> None:
    loud, quiet = hall.dials(), hall.dials()
    loud.settimeout(0)
    try:
        while True:
            loud.send(b"x" * 65_536)
    except BlockingIOError:
        pass
    quiet.sendall(b"*\r")

    heard = hall.hears()

    assert sum(len(piece.content) for piece in heard.pieces) <= MAX_BYTES
    assert heard.unread == 1
    assert b"*\r" in [piece.content for piece in heard.pieces]


def test_a_port_that_is_taken_is_said_and_tried_again() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = int(other.getsockname()[1])
        way = open_way(Settings(address=f"{LOOPBACK}:{port}"), Terms(1000, 30.0))
        taken = way.hear(NOW, Deadline(PATIENCE_S))
    free = way.hear(NOW, Deadline(PATIENCE_S))
    way.close()

    assert taken.is_unreadable
    assert taken.trouble.startswith(f"127.0.0.1, port {port}: ")
    assert free == Heard()


def test_a_door_without_a_descriptor_left_is_said(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = hall.dials()
    hall.hears()
    known.sendall(b"*\r")
    monkeypatch.setattr(socket.socket, "accept", full)

    content, heard = hall.hears_of(2)

    assert content == b"*\r"
    assert heard[-1].trouble == "nobody can be let in: too many files and connections are open"


def test_nobody_is_told_anything_who_is_not_there(hall: Hall) -> None:
    assert hall.way.say(b"x") == "nobody is connected"
    assert hall.way.say(b"x", "127.0.0.1 7") == "it has hung up"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "0.0.0.0:5100"}, "expected `peers` to listen beyond this machine"),
        ({"address": "localhost:5100"}, "expected an IP address and a port"),
        ({"address": "127.0.0.1"}, "expected an IP address and a port"),
        ({"address": "127.0.0.1:0"}, "expected an IP address and a port"),
        ({"address": "127.0.0.1:65536"}, "expected an IP address and a port"),
        ({"address": "::1:80"}, "expected an IP address and a port"),
        ({"address": "0.0.0.0:5100", "peers": ["timer"]}, "expected an IP address, or a network"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused(
    settings: dict[str, object], words: str
) -> None:
    with pytest.raises(RefusedError, match=words.replace("`", '"')):
        convert(settings, Settings)


@pytest.mark.parametrize("address", ["127.0.0.1:5100", "[::1]:5100"])
def test_this_machine_alone_needs_no_peers(address: str) -> None:
    convert({"address": address}, Settings)
