"""Tests of the demo's small hosts: they obey the centre as real ones do, and claim nothing."""

import asyncio

import mqtt5
import pytest

from aggregator.inventory import HostEntry
from venuewatch.base import clock
from venuewatch.base.wire.framing import Framer
from venuewatch.base.wire.messages import (
    Probe,
    Rebirth,
    decode_beat,
    decode_birth,
    decode_probed,
    encode,
)
from venuewatch.demo.fleet import DemoHost
from venuewatch.demo.scenes import CLOCK_AHEAD_S, SCENES, World

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
    wire.host = DemoHost("STA", HostEntry(name="STA-1"), "a", 1, World())
    wire.host.connection_made(wire)
    wire.host.data_received(mqtt5.ConnAckPacket().write())
    return wire


def tell(wire: Wire, payload: bytes, host: str = HOST) -> list[mqtt5.PublishPacket]:
    """Give the host a command; return what it says to that."""
    wire.said.clear()
    command = mqtt5.PublishPacket(f"{host}/cmd", payload, qos=mqtt5.QoS(1), packet_id=9)
    wire.host.data_received(command.write())
    return wire.said


async def test_a_birth_is_kept_and_said_again_when_asked(wire: Wire) -> None:
    (first,) = wire.said

    (again,) = tell(wire, encode(Rebirth()))

    assert [packet.topic for packet in (first, again)] == [f"{HOST}/birth"] * 2
    assert first.retain
    assert again.retain
    assert decode_birth(again.payload).keepalive_s > 0


async def test_a_neighbour_that_no_scene_breaks_is_reached(wire: Wire) -> None:
    (answer,) = tell(wire, encode(Probe(number=7, host="STA-2", address="192.0.2.7")))

    probed = decode_probed(answer.payload)
    assert (answer.topic, answer.retain) == (f"{HOST}/probed", False)
    assert (probed.number, probed.host, probed.is_reached) == (7, "STA-2", True)


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"do":"dance"}', b"\xff"])
async def test_a_command_that_it_does_not_know_is_no_command(wire: Wire, payload: bytes) -> None:
    assert tell(wire, payload) == []


def asked(wire: Wire, host: str) -> bool | None:
    probe = encode(Probe(number=7, host=host, address="127.0.0.1"))
    (answer,) = tell(wire, probe, "venuewatch/v1/LIL/LIL-results-02")
    return decode_probed(answer.payload).is_reached


async def broken(scene: str) -> Wire:
    """Return the wire of the scene's own host, that has just begun to be broken."""
    found, wire, world = SCENES[scene], Wire(), World()
    name = found.host or f"{found.venue}-gateway-01"
    wire.host = DemoHost(found.venue, HostEntry(name=name), "a", 1, world)
    wire.host.connection_made(wire)
    wire.host.data_received(mqtt5.ConnAckPacket().write())
    wire.said.clear()
    world.obey(f"break {scene}")
    return wire


async def test_a_probe_is_answered_as_the_script_has_it() -> None:
    wire, world = Wire(), World()
    wire.host = DemoHost("LIL", HostEntry(name="LIL-results-02"), "a", 1, world)
    wire.host.connection_made(wire)
    wire.host.data_received(mqtt5.ConnAckPacket().write())

    world.obey("break host_down")

    assert asked(wire, SCENES["host_down"].host) is False
    assert asked(wire, "LIL-results-01") is True


@pytest.mark.parametrize(
    ("scene", "beats"),
    [("host_frozen", 0), ("host_down", 0), ("venue_unreachable", 0), ("one_way_loss", 1)],
)
async def test_a_broken_host_sends_what_its_scene_lets_through(scene: str, beats: int) -> None:
    wire = await broken(scene)

    wire.host.beat(1, 1.0)

    assert len(wire.said) == beats


async def test_a_skewed_clock_shows_in_the_beat() -> None:
    wire = await broken("clock_skew")

    wire.host.beat(1, 1.0)

    (packet,) = wire.said
    assert decode_beat(packet.payload).wall_ms / 1000 - clock.wall() > CLOCK_AHEAD_S - 5
