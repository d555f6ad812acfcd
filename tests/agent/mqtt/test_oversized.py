"""A packet of 200 MB from a broker is skipped as it comes, over TCP and in a websocket."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mqtt5
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from bench.kit.processes import peak_mib

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is Linux'"),
]

BODY_BYTES = 200_000_000
MEMORY_MIB = 64.0
"""Half of what the agent's unit allows; it needs 30."""

PATIENCE_S = 60.0
_PIECE = bytes(1 << 20)
_FRAME = b"\x82\x7f"  # a whole binary message, and its length in eight bytes (RFC 6455, 5.2)


def oversized() -> tuple[bytes, int]:
    """Return the head of a PUBLISH, and how many bytes follow it."""
    topic = b"venuewatch/v1/_centre/tick"
    left, length = BODY_BYTES, bytearray()
    while left:
        left, byte = left >> 7, left & 127
        length.append(byte | 128 * bool(left))
    head = b"\x30" + bytes(length) + len(topic).to_bytes(2) + topic + b"\0"
    return head, BODY_BYTES - len(topic) - 3


@contextmanager
def agent(folder: Path, transport: str) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """Run an agent; yield it with its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)
        port = listening.getsockname()[1]
        config = folder / "agent.toml"
        config.write_text(
            'venue = "STA"\nhost = "STA-1"\n'
            f'[broker]\nport = {port}\ntransport = "{transport}"\nkeepalive_s = 60\n'
        )
        command = [sys.executable, "-I", "-m", "agent", "--config", str(config)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                near, _ = listening.accept()
                with near:
                    near.settimeout(PATIENCE_S)
                    yield process, near
            finally:
                process.kill()


def send_all(near: socket.socket, rest: int) -> None:
    while rest:
        piece = _PIECE[: min(rest, len(_PIECE))]
        near.sendall(piece)
        rest -= len(piece)


def over_tcp(near: socket.socket) -> None:
    assert isinstance(mqtt5.read(memoryview(near.recv(65_536)))[0], mqtt5.ConnectPacket)
    near.sendall(mqtt5.ConnAckPacket().write())
    head, rest = oversized()
    near.sendall(head)
    send_all(near, rest)


def over_websocket(near: socket.socket) -> None:
    """Say it in one frame of its own."""
    ours = WSConnection(ConnectionType.SERVER)
    ours.receive_data(near.recv(65_536))
    assert any(isinstance(event, Request) for event in ours.events())
    near.sendall(ours.send(AcceptConnection(subprotocol="mqtt")))
    connack = mqtt5.ConnAckPacket().write()
    near.sendall(bytes([0x82, len(connack)]) + connack)
    head, rest = oversized()
    near.sendall(_FRAME + (len(head) + rest).to_bytes(8) + head)
    send_all(near, rest)


@pytest.mark.parametrize(("transport", "say"), [("tcp", over_tcp), ("websockets", over_websocket)])
def test_oversized_packet_costs_an_agent_no_memory(
    tmp_path: Path, transport: str, say: Callable[[socket.socket], None]
) -> None:
    with agent(tmp_path, transport) as (process, near):
        say(near)

        assert process.poll() is None
        assert (peak_mib(process.pid) or 0.0) < MEMORY_MIB
