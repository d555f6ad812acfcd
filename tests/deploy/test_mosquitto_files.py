"""The shipped Mosquitto files, on the real broker: they start, warn of nothing, and keep."""

import shutil
import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.deploy.brokers import (
    ACCEPTED,
    AGGREGATOR,
    FILES,
    HOST,
    TLS_ON,
    Broker,
    Centre,
    complaints,
    trying,
)
from tests.deploy.peer import PATIENCE_S, Peer
from venuewatch.base import clock
from venuewatch.base.wire.links import KEEPALIVE_MAX_S

MANY = 5
TALKED_S = 6.0  # Mosquitto looks at keepalives with each second, and each 5 s

pytestmark = pytest.mark.real


def test_the_central_file_works_beside_debians_own_and_warns_of_nothing(tmp_path: Path) -> None:
    port = free_port()
    broker = Broker(tmp_path, port=port, drop_ins={"venuewatch.conf": trying(port)})

    assert complaints(broker) == []


def test_the_central_file_works_alone_and_keeps_its_memory_where_it_was_started(
    tmp_path: Path,
) -> None:
    port = free_port()
    broker = Broker(tmp_path, port=port, drop_ins={})
    (tmp_path / "mosquitto.conf").write_text(f"user root\n{trying(port)}")

    assert complaints(broker) == []
    assert (tmp_path / "mosquitto.db").exists()


def test_with_tls_on_only_the_meant_warnings_are_left(tmp_path: Path) -> None:
    said = complaints(Centre(tmp_path))

    assert [line.partition(": ")[2] for line in said] == [
        f"Warning: ACL pattern 'venuewatch/v1/_centre/{rest}' does not contain '%c' or '%u'."
        for rest in ("tick", "+/tick", "+/state")
    ]


def test_the_readme_says_how_the_tests_switch_tls_on() -> None:
    assert f"sed -i '{TLS_ON}' " in (FILES / "README.md").read_text()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_the_readmes_commands_make_certificates_that_a_strict_client_trusts(tmp_path: Path) -> None:
    blocks = (FILES / "README.md").read_text().split("```")
    commands = next(block for block in blocks if "CN=venuewatch authority" in block)
    assert commands.count("DNS:centre.example.org") == 1
    script = commands.removeprefix("sh\n").replace("DNS:centre.example.org", "IP:127.0.0.1")
    (tmp_path / "etc").mkdir()
    broker = Centre(tmp_path / "etc")

    subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True, capture_output=True)
    for name in ("ca.crt", "server.crt", "server.key"):
        shutil.copy(tmp_path / "authority" / name, broker.folder)

    strict = ssl.create_default_context(cafile=str(broker.authority))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        broker,
        socket.create_connection(("127.0.0.1", broker.tls_port), PATIENCE_S) as plain,
        strict.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        assert wrapped.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("cipher", "is_taken"),
    [("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES128-SHA", False)],
)
def test_tls_1_2_is_taken_without_cbc_only(tmp_path: Path, cipher: str, *, is_taken: bool) -> None:
    broker = Centre(tmp_path)
    old = ssl.create_default_context(cafile=str(broker.authority))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers(cipher)

    with broker, socket.create_connection(("127.0.0.1", broker.tls_port), PATIENCE_S) as plain:
        try:
            old.wrap_socket(plain, server_hostname="127.0.0.1").close()
        except ssl.SSLError:
            is_shaken = False
        else:
            is_shaken = True

    assert is_shaken is is_taken


def test_longest_keepalive_of_a_host_is_less_than_the_brokers() -> None:
    """Mosquitto 2.0.21 hangs up at once on a client that has the broker's own."""
    (most,) = [
        int(line.split()[1])
        for line in (FILES / "venuewatch.conf").read_text().splitlines()
        if line.startswith("max_keepalive ")
    ]

    assert most > KEEPALIVE_MAX_S


def test_hosts_of_the_longest_keepalive_stay_connected(tmp_path: Path) -> None:
    with Centre(tmp_path) as broker, ExitStack() as stack:
        hosts = [
            stack.enter_context(Peer(broker.port, f"host-{at}", keepalive_s=int(KEEPALIVE_MAX_S)))
            for at in range(MANY)
        ]
        end = clock.monotonic() + TALKED_S
        while clock.monotonic() < end:
            for host in hosts:
                assert host.say("any", qos=1) in ACCEPTED

        assert [host.is_connected for host in hosts] == [True] * MANY


def test_a_retained_birth_outlives_a_restart_of_the_broker(tmp_path: Path) -> None:
    broker = Centre(tmp_path)
    birth = f"venuewatch/v1/STA/{HOST}/birth"
    with broker, broker.peer(HOST) as host:
        host.say(birth, b"born", retain=True)

    with broker, broker.peer(AGGREGATOR) as aggregator:
        aggregator.listen(birth)

        assert aggregator.hear() == (birth, b"born", True)
