"""Boxes that are called over TCP, and boxes that dial."""

import socket
import threading
from collections.abc import Callable

import pytest

from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, Script, refused_port, tcp_peer
from tests.agent.checks.profiles.speaking import speaker
from tests.agent.checks.profiles.watching import LATER_S, Watch, minute_of, size_of


def talk(name: str, conn: socket.socket) -> None:
    """Say what a box says in a minute, once it was asked."""
    asked, heard = speaker(name).asked, b""
    while asked not in heard:
        heard += conn.recv(4096)
    conn.sendall(b"".join(piece.content for piece in minute_of(name)))


def box_of(name: str) -> Script:
    def script(conn: socket.socket, over: threading.Event) -> None:
        talk(name, conn)
        over.wait(PATIENCE_S)

    return script


@pytest.mark.parametrize("name", ["livestats", "raceresult", "rmonitor", "ultra", "wiclax"])
def test_box_that_is_called_flows_until_it_is_silent(
    name: str, watch: Callable[..., Watch]
) -> None:
    with tcp_peer(box_of(name)) as port:
        watched = watch(name, connect=f"{LOOPBACK}:{port}")

        talking = watched.until_heard(size_of(name))
        later = watched.after(LATER_S)

    assert (talking.state, later.state) == ("flowing", "silent")


@pytest.mark.parametrize("name", ["finishlynx", "jchip", "mylaps"])
def test_box_that_dials_flows_until_it_is_silent(name: str, watch: Callable[..., Watch]) -> None:
    port = refused_port()
    watched = watch(name, listen=f"{LOOPBACK}:{port}")
    with socket.create_connection((LOOPBACK, port), PATIENCE_S) as box:
        dialled = threading.Thread(target=talk, args=(name, box))
        dialled.start()

        talking = watched.until_heard(size_of(name))
        dialled.join(PATIENCE_S)
        later = watched.after(LATER_S)

    assert (talking.state, later.state) == ("flowing", "silent")


def test_box_that_dials_gets_the_answers_that_it_waits_for(watch: Callable[..., Watch]) -> None:
    port = refused_port()
    watched = watch("mylaps", listen=f"{LOOPBACK}:{port}")
    with socket.create_connection((LOOPBACK, port), PATIENCE_S) as box:
        asked = b"Finish@Pong@$Finish@Ping@$"
        box.sendall(asked)
        watched.until_heard(len(asked))
        box.settimeout(PATIENCE_S)

        heard = b""
        while heard.count(b"$") < 2:
            heard += box.recv(4096)

    assert heard == b"venuewatch@AckPong@Version2.1@c|t|d@$venuewatch@AckPing@$"
