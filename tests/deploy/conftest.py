from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.deploy import brokers
from tests.deploy.peer import Peer


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Centre]:
    with brokers.Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def aggregator(centre: brokers.Centre) -> Iterator[Peer]:
    with centre.peer(brokers.AGGREGATOR) as peer:
        yield peer


@pytest.fixture
def host(centre: brokers.Centre) -> Iterator[Peer]:
    with centre.peer(brokers.HOST) as peer:
        yield peer


@pytest.fixture
def venue(centre: brokers.Centre, aggregator: Peer, tmp_path: Path) -> Iterator[brokers.Broker]:
    """Start a venue's broker, and wait until what the centre says arrives there."""
    port = free_port()
    replaced = {
        "address centre.example.org:8883": f"address 127.0.0.1:{centre.tls_port}",
        "remote_password change-me": f"remote_password {brokers.PASSWORD}",
        "bridge_cafile /etc/mosquitto/certs/ca.crt": f"bridge_cafile {centre.authority}",
    }
    bridge = brokers.with_lines((brokers.FILES / "venue-bridge.conf").read_text(), replaced)
    drop_ins = {"venuewatch.conf": brokers.trying(port), "venue-bridge.conf": bridge}
    aggregator.listen(brokers.BRIDGE_STATE)
    aggregator.say(brokers.CENTRE_STATE, b"online", retain=True)
    with brokers.Broker(tmp_path, port=port, drop_ins=drop_ins) as broker:
        with Peer(port, "first") as first:
            first.listen(brokers.CENTRE_STATE)
            first.hear()
        while aggregator.hear() != (brokers.BRIDGE_STATE, b"1", False):
            pass
        yield broker
