from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.deploy.brokers import (
    AGGREGATOR,
    BRIDGE_STATE,
    CENTRE_STATE,
    FILES,
    HOST,
    PASSWORD,
    Broker,
    Centre,
    trying,
    with_lines,
)
from tests.deploy.peer import Peer


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def aggregator(centre: Centre) -> Iterator[Peer]:
    with centre.peer(AGGREGATOR) as peer:
        yield peer


@pytest.fixture
def host(centre: Centre) -> Iterator[Peer]:
    with centre.peer(HOST) as peer:
        yield peer


@pytest.fixture
def venue(centre: Centre, aggregator: Peer, tmp_path: Path) -> Iterator[Broker]:
    """Start a venue's broker, and wait until what the centre says arrives there."""
    port = free_port()
    replaced = {
        "address centre.example.org:8883": f"address 127.0.0.1:{centre.tls_port}",
        "remote_password change-me": f"remote_password {PASSWORD}",
        "bridge_cafile /etc/mosquitto/certs/ca.crt": f"bridge_cafile {centre.authority}",
    }
    bridge = with_lines((FILES / "venue-bridge.conf").read_text(), replaced)
    drop_ins = {"venuewatch.conf": trying(port), "venue-bridge.conf": bridge}
    aggregator.listen(BRIDGE_STATE)
    aggregator.say(CENTRE_STATE, b"online", retain=True)
    with Broker(tmp_path, port=port, drop_ins=drop_ins) as broker:
        with Peer(port, "first") as first:
            first.listen(CENTRE_STATE)
            first.hear()
        while aggregator.hear() != (BRIDGE_STATE, b"1", False):
            pass
        yield broker
