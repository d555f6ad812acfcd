"""Tests of the demo's small hosts: they obey the centre as real ones do, and claim nothing."""

import asyncio

import mqtt5
import pytest

from aggregator.inventory import HostEntry
from venuewatch.base.wire.framing import Framer
from venuewatch.base.wire.messages import Probe, Rebirth, decode_birth, decode_probed, encode
from venuewatch.demo.fleet import DemoHost

HOST = "venuewatch/v1/STA/STA-1"


class Wire(asyncio.Transport):
    """Keeps what its host says."""

    host: DemoHost

    def __init__(self) -> None:
        super().__init__()
        self._framer = Framer()
        self.said: list[mqtt5.PublishPacket] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        for item in self._framer.feed(bytes(data)):
            if isinstance(item, mqtt5.PublishPacket):
                self.said.append(item)


@pytest.fixture
async def wire() -> Wire:
    """Return the wire of a host that has just said its birth."""
    wire = Wire()
    wire.host = DemoHost("STA", HostEntry(name="STA-1"), "a", 1)
    wire.host.connection_made(wire)
    wire.host.data_received(mqtt5.ConnAckPacket().write())
    return wire


def tell(wire: Wire, payload: bytes) -> list[mqtt5.PublishPacket]:
    """Give the host a command; return what it says to that."""
    wire.said.clear()
    command = mqtt5.PublishPacket(f"{HOST}/cmd", payload, qos=mqtt5.QoS(1), packet_id=9)
    wire.host.data_received(command.write())
    return wire.said


async def test_a_birth_is_kept_and_said_again_when_asked(wire: Wire) -> None:
    (first,) = wire.said

    (again,) = tell(wire, encode(Rebirth()))

    assert [packet.topic for packet in (first, again)] == [f"{HOST}/birth"] * 2
    assert first.retain
    assert again.retain
    assert decode_birth(again.payload).keepalive_s > 0


async def test_asked_for_a_neighbour_it_says_that_it_asked_nobody(wire: Wire) -> None:
    (answer,) = tell(wire, encode(Probe(number=7, host="STA-2", address="192.0.2.7")))

    probed = decode_probed(answer.payload)
    assert (answer.topic, answer.retain) == (f"{HOST}/probed", False)
    assert (probed.number, probed.host, probed.is_reached) == (7, "STA-2", None)


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"do":"dance"}', b"\xff"])
async def test_a_command_that_it_does_not_know_is_no_command(wire: Wire, payload: bytes) -> None:
    assert tell(wire, payload) == []
