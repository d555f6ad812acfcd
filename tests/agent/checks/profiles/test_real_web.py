"""Boxes behind a websocket, and pages that are asked for."""

import contextlib
import http.client
import json
import socket
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest
from wsproto.events import TextMessage

from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, refused_port, tcp_peer
from tests.agent.checks.profiles.speaking import speaker
from tests.agent.checks.profiles.watching import LATER_S, Watch, minute_of, size_of
from tests.agent.checks.ways.speaker import Speaker, speaking


def rest(box: Speaker) -> None:
    """Open the websocket of one that comes again, and say nothing."""
    box.opens()
    box.rests()


@pytest.mark.parametrize("name", ["crg", "signalr"])
def test_box_of_the_web_flows_until_it_is_silent(name: str) -> None:
    def talk(box: Speaker) -> None:
        box.opens()
        heard = box.hears()
        assert isinstance(heard, TextMessage)
        assert speaker(name).asked in heard.data.encode()
        box.says_text(*(piece.content.decode() for piece in minute_of(name)))
        box.rests()

    with (
        speaking(talk, rest) as port,
        contextlib.closing(Watch(name, websocket=f"ws://{LOOPBACK}:{port}/live")) as watched,
    ):
        talking = watched.until_heard(size_of(name))
        later = watched.after(LATER_S)

    assert (talking.state, later.state) == ("flowing", "silent")


def answer(conn: socket.socket, _over: threading.Event) -> None:
    """Answer one request with the race of now: it never goes on to the next heat."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += conn.recv(4096)
    (page,) = speaker("derbynet").says("heat", 0, 0)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(page.content)}\r\nConnection: close\r\n\r\n"
    conn.sendall(head.encode() + page.content)


def test_page_whose_heat_rests_while_it_races_is_frozen() -> None:
    with (
        tcp_peer(answer) as port,
        contextlib.closing(Watch("derbynet", poll=f"http://{LOOPBACK}:{port}/action.php")) as race,
    ):
        states = [race.after(seconds).state for seconds in (0.0, 600.0, 601.0)]

    assert states == ["flowing", "flowing", "frozen"]


@pytest.mark.parametrize("name", ["derbynet_timer", "owlcms"])
def test_box_that_posts_forms_flows_until_it_is_silent(name: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    port = refused_port()
    way = {"address": f"{LOOPBACK}:{port}", "api_key_file": str(key)}
    with contextlib.closing(Watch(name, post=way)) as watched:
        watched.after(0.0)
        sent = [form(port, json.loads(piece.content)) for piece in minute_of(name)[:4]]
        talking = watched.after(1.0)
        later = watched.after(1201.0)

    assert set(sent) == {200}
    assert (talking.state, later.state) == ("flowing", "silent")


def form(port: int, fields: dict[str, str]) -> int:
    """Post a form; return the status."""
    head = {"Content-Type": "application/x-www-form-urlencoded", "X-Api-Key": "k" * 32}
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("POST", "/", urlencode(fields), head)
        return connection.getresponse().status
