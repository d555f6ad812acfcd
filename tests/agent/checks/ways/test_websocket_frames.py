"""Frames of a server are taken apart in bounded memory, whatever they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Ping, Pong

from agent.checks.net.url import parse
from agent.checks.net.websocket import Websocket


def pair() -> tuple[Websocket, Any]:
    client = Websocket(parse("http://hall/live"), {}, (), 1000)
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(client.hello)
    list(server.events())
    client.receive(server.send(AcceptConnection()))
    assert client.is_open
    return client, server


def test_of_many_pings_the_newest_is_answered() -> None:
    client, server = pair()

    answer = client.receive(b"".join(server.send(Ping(b"%d" % at)) for at in range(100))).to_send
    server.receive_data(answer)

    assert list(server.events()) == [Pong(b"99")]


@pytest.mark.parametrize("is_one_frame", [True, False])
def test_message_without_an_end_is_life_and_is_never_held(is_one_frame: bool) -> None:  # noqa: FBT001
    client, _ = pair()
    head = b"\x02\x7f" + (2**40).to_bytes(8, "big") if is_one_frame else b""
    first = head + b"x" * 900 if is_one_frame else b"\x02\x7e\x03\x84" + b"x" * 900
    more = b"x" * 900 if is_one_frame else b"\x00\x7e\x03\x84" + b"x" * 900

    counts = [client.receive(first).oversized] + [client.receive(more).oversized for _ in range(9)]

    assert sum(counts) == 5


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_of_a_server_end_in_words_at_worst(data: bytes, cut: int) -> None:
    client, _ = pair()

    for at in range(0, len(data), cut):
        received = client.receive(data[at : at + cut])
        assert received.ended.isprintable()
        if received.ended:
            break
