"""Attempts of strangers and mad hosts at a broker that knows its clients by certificates."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import psutil
import pytest

from tests.deploy.brokers import ACCEPTED, REFUSED
from tests.deploy.venue_broker import Certified
from venuewatch.base.wire.framing import Framer

pytestmark = pytest.mark.real

MIB = 1 << 20
LARGE = bytes(300_000)
TIMES = 500
FEWER = 100


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    with Certified(tmp_path_factory.mktemp("certified")) as broker:
        yield broker


def trusting(broker: Certified) -> ssl.SSLContext:
    authority = broker.home / "pki" / "servers" / "ca.pem"
    return ssl.create_default_context(cafile=str(authority))


def certified(broker: Certified) -> ssl.SSLContext:
    context = trusting(broker)
    context.load_cert_chain(*map(str, broker.credentials("STA-1")))
    return context


HUNG_UP = "alert|reset|eof|broken pipe"
"""How a refusal looks from here: it depends on which end is quicker."""


def answer(broker: Certified, context: ssl.SSLContext, *packets: bytes) -> list[object]:
    """Send packets, and return what the broker says until it hangs up.

    Raises:
        OSError: TLS was refused.
    """
    framer, said = Framer(), list[object]()
    raw = socket.create_connection(("127.0.0.1", broker.tls_port), 5.0)
    with raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(b"".join(packets))
        while data := connection.recv(4_096):
            said += framer.feed(data)
    return said


CONNECT = mqtt5.ConnectPacket("STA-1", clean_start=True, keep_alive=60).write()


def thrown_out(broker: Certified, *packets: bytes) -> list[object]:
    """Send packets in a session, and return what the broker says until it ends the connection.

    Raises:
        TimeoutError: it does not.
    """
    framer, said = Framer(), list[object]()
    raw = socket.create_connection(("127.0.0.1", broker.tls_port), 5.0)
    with raw, certified(broker).wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(CONNECT)
        said += framer.feed(connection.recv(4_096))
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # while we still write
            connection.sendall(b"".join(packets))
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := connection.recv(4_096):
                said += framer.feed(data)
    return said


def test_client_without_a_certificate_is_refused(broker: Certified) -> None:
    with pytest.raises(OSError, match=rf"(?i)certificate.required|{HUNG_UP}"):
        answer(broker, trusting(broker), CONNECT)


def test_client_over_plain_tcp_gets_no_answer(broker: Certified) -> None:
    with socket.create_connection(("127.0.0.1", broker.tls_port), 5.0) as connection:
        said = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(CONNECT)
            said = connection.recv(4_096)

    assert not said.startswith(b"\x20")  # a CONNACK


def test_tls_1_2_is_refused_whatever_its_cipher(broker: Certified) -> None:
    context = certified(broker)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA")

    with pytest.raises(OSError, match=rf"(?i)version|{HUNG_UP}"):
        answer(broker, context, CONNECT)


def test_packet_over_the_bound_ends_the_connection(broker: Certified) -> None:
    publish = mqtt5.PublishPacket(
        "venuewatch/v1/STA/STA-1/vitals", bytes(400_000), qos=mqtt5.QoS.AT_MOST_ONCE
    ).write()

    connected, *rest = thrown_out(broker, publish)

    assert isinstance(connected, mqtt5.ConnAckPacket)
    assert all(isinstance(each, mqtt5.DisconnectPacket) for each in rest)
    assert "Client STA-1 disconnected due to oversize packet" in broker.said()


def test_retained_messages_under_invented_venues_cost_no_memory(broker: Certified) -> None:
    process = psutil.Process(broker.pid)
    with broker.peer("STA-1") as host:
        host.say("venuewatch/v1/STA/STA-1/vitals", LARGE)
        before = process.memory_info().rss

        answers = {
            host.say(f"venuewatch/v1/NEW-{at}/STA-1/birth", LARGE, retain=True)
            for at in range(TIMES)
        }

        assert answers == {REFUSED}
        assert process.memory_info().rss - before <= 16 * MIB
        assert host.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED


def test_flood_at_qos_2_that_is_never_released_costs_no_memory(broker: Certified) -> None:
    process = psutil.Process(broker.pid)
    before = process.memory_info().rss
    flood = [
        mqtt5.PublishPacket(
            "venuewatch/v1/STA/STA-1/vitals",
            LARGE,
            qos=mqtt5.QoS.EXACTLY_ONCE,
            packet_id=number,
        ).write()
        for number in range(1, FEWER + 1)
    ]

    said = thrown_out(broker, *flood)

    assert not [each for each in said if isinstance(each, mqtt5.PubRecPacket)]
    assert process.memory_info().rss - before <= 16 * MIB
    with broker.peer("STA-2") as other:
        assert other.say("venuewatch/v1/STA/STA-2/beat") in ACCEPTED


def test_files_of_the_broker_are_not_for_everybody(broker: Certified) -> None:
    key: Path = broker.home / "broker" / "server.key"

    assert key.stat().st_mode & 0o007 == 0
