"""Each way in carries its source through the whole check: its life, its number, and its trouble."""

import http.client
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from agent.checks import Reading
from tests.agent.checks import peers
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, made, read_until, refused_port
from tests.agent.checks.ways.speaker import Speaker, speaking
from venuewatch.base import clock

BODY = b'{"n": 7}'
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


def check_of(held: ExitStack, **settings: Any) -> Any:
    check = made("stream", number={"json": "/n"}, **settings)
    held.callback(check.close)
    return check


def has_number(reading: Reading) -> bool:
    return reading.values.results_last_number == 7


def test_datagram_flows(held: ExitStack) -> None:
    port = refused_port()
    check = check_of(held, udp=f"{LOOPBACK}:{port}")
    box = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    box.sendto(BODY, (LOOPBACK, port))

    assert read_until(check, has_number).state == "flowing"


def test_datagram_of_others_is_told(held: ExitStack) -> None:
    port = refused_port()
    check = check_of(held, udp={"address": f"{LOOPBACK}:{port}", "peers": ["10.1.0.30"]})
    box = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    box.sendto(BODY, (LOOPBACK, port))
    reading = read_until(check, lambda reading: "refused" in reading.detail)

    assert reading.state == "unknown"
    assert "127.0.0.1 is not among `peers`" in reading.detail


def test_page_flows(held: ExitStack) -> None:
    port = held.enter_context(peers.tcp_peer(peers.say(PAGE)))
    check = check_of(held, poll=f"http://{LOOPBACK}:{port}/")

    assert read_until(check, has_number).state == "flowing"


def test_websocket_flows_once_it_was_subscribed_to(held: ExitStack) -> None:
    def plan(speaker: Speaker) -> None:
        speaker.opens()
        assert "subscribe" in str(speaker.hears())
        speaker.says_text(BODY.decode())
        speaker.rests()

    port = held.enter_context(speaking(plan))
    check = check_of(held, websocket=f"ws://{LOOPBACK}:{port}/live", send="subscribe")

    reading = read_until(check, has_number)
    check.close()  # before the server waits for it

    assert reading.state == "flowing"


def test_serial_device_flows(held: ExitStack, tmp_path: Path) -> None:
    board, cable = os.openpty()
    held.callback(os.close, board)
    held.callback(os.close, cable)
    (tmp_path / "ttyUSB0").symlink_to(os.ttyname(cable))
    check = check_of(held, device=str(tmp_path / "ttyUSB0"))
    check.read()

    os.write(board, BODY + b"\r")

    assert read_until(check, has_number).state == "flowing"


def test_device_that_is_not_there_is_critical(held: ExitStack, tmp_path: Path) -> None:
    reading = check_of(held, device=str(tmp_path / "ttyUSB0")).read()

    assert reading.state == "critical"
    assert "ttyUSB0: No" in reading.detail  # a long path leaves no room for more


def test_file_flows(held: ExitStack, tmp_path: Path) -> None:
    check = check_of(held, files=str(tmp_path / "*.json"))
    check.read()
    path = tmp_path / "heat-7.json"
    path.write_bytes(BODY)
    an_hour_ago_s = clock.wall() - 3600.0
    os.utime(path, (an_hour_ago_s, an_hour_ago_s))

    assert read_until(check, has_number).state == "flowing"


def test_folder_that_is_not_there_is_critical(held: ExitStack, tmp_path: Path) -> None:
    assert check_of(held, files=str(tmp_path / "out" / "*.json")).read().state == "critical"


def test_form_flows_with_its_key(held: ExitStack, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    port = refused_port()
    check = check_of(held, post={"address": f"{LOOPBACK}:{port}", "api_key_file": str(secret)})
    heads = {"Content-Type": "application/x-www-form-urlencoded", "X-Api-Key": "s3cret"}

    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_S)) as sender:
        sender.request("POST", "/", b"n=7&x=1", heads)
        status = sender.getresponse().status

    assert status == 200
    assert read_until(check, has_number).state == "flowing"


def test_post_without_its_key_is_told(held: ExitStack, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    port = refused_port()
    check = check_of(held, post={"address": f"{LOOPBACK}:{port}", "api_key_file": str(secret)})

    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_S)) as sender:
        sender.request("POST", "/", BODY)
        sender.getresponse().read()
    reading = check.read()

    assert reading.state == "unknown"
    assert "Expected the key in x-api-key" in reading.detail
