"""The shipped listener for venues under a host that floods it: memory and others stay."""

import contextlib
import socket
import ssl
from collections.abc import Iterator

import mqtt5
import psutil
import pytest

from tests.deploy import certified
from tests.deploy.brokers import ACCEPTED, AGGREGATOR, HOST, NEIGHBOUR
from tests.deploy.peer import PATIENCE_S

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

LARGEST = 320 * 1024 - 200  # with its topic a packet that is just not too large
INVENTED = 10_000
RETAINED = 1_000
UNRELEASED = 60_000
MORE_MIB = 16.0


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[certified.Centre]:
    with certified.Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


def rss_mib(centre: certified.Centre) -> float:
    return float(psutil.Process(centre.pid).memory_info().rss) / 1024**2


def round_trip(host: ssl.SSLSocket) -> None:
    """Wait until the broker has read all that was sent before."""
    host.sendall(mqtt5.PingReqPacket().write())
    assert isinstance(mqtt5.read(memoryview(host.recv(4_096)))[0], mqtt5.PingRespPacket)


def is_ended_by_broker(host: ssl.SSLSocket) -> bool:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while host.recv(65_536):
            pass
    return True  # else it has timed out


def test_retained_messages_of_invented_venues_take_no_memory(centre: certified.Centre) -> None:
    with centre.peer(AGGREGATOR) as aggregator, centre.raw(HOST) as host:
        before = rss_mib(centre)

        for number in range(INVENTED):
            topic = f"venuewatch/v1/X{number}/{HOST}/birth"
            host.sendall(mqtt5.PublishPacket(topic, bytes(LARGEST), retain=True).write())
        round_trip(host)

        assert rss_mib(centre) - before <= MORE_MIB
        own = f"venuewatch/v1/STA/{NEIGHBOUR}/beat"
        aggregator.listen("venuewatch/v1/+/+/birth")
        aggregator.listen(own)
        with centre.peer(NEIGHBOUR) as neighbour:
            assert neighbour.say(own) in ACCEPTED
        assert aggregator.hear()[0] == own


def test_flood_of_qos_2_ends_with_its_connection(centre: certified.Centre) -> None:
    beat = f"venuewatch/v1/STA/{HOST}/beat"
    with centre.raw(HOST) as host, centre.peer(NEIGHBOUR) as neighbour:
        before = rss_mib(centre)

        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for number in range(1, UNRELEASED):
                packet = mqtt5.PublishPacket(
                    beat, bytes(100), qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=number
                )
                host.sendall(packet.write())

        assert is_ended_by_broker(host)
        assert rss_mib(centre) - before <= MORE_MIB
        assert neighbour.say(beat.replace(HOST, NEIGHBOUR)) in ACCEPTED


def test_flood_of_own_retained_messages_takes_one_place(centre: certified.Centre) -> None:
    with centre.raw(HOST) as host:
        before = rss_mib(centre)

        for number in range(RETAINED):
            content = number.to_bytes(4) * (LARGEST // 4)
            topic = f"venuewatch/v1/STA/{HOST}/birth"
            host.sendall(mqtt5.PublishPacket(topic, content, retain=True).write())
        round_trip(host)

        assert rss_mib(centre) - before <= MORE_MIB


def test_plain_connection_to_the_port_for_tls_is_closed(centre: certified.Centre) -> None:
    with socket.create_connection(("127.0.0.1", centre.tls_port), PATIENCE_S) as plain:
        plain.sendall(mqtt5.ConnectPacket(HOST, clean_start=True).write())

        with contextlib.suppress(ConnectionError):
            assert not plain.recv(4_096).startswith(b"\x20")
