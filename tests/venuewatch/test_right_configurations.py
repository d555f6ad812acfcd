"""Tests of right configurations: defaults and meanings."""

from pathlib import Path

import pytest

from agent import config as agent_config
from aggregator import config as aggregator_config
from aggregator import inventory
from aggregator.core.margins import STOCK_MARGINS_S, THIN_MARGINS_S
from aggregator.core.states import HostState

INVENTORY = """
[[venue]]
code = "STA"
name = "Stade"
town = "Saint-Denis"
timezone = "Europe/Paris"
lat = 48.92
lon = 2.36
link = "satellite"

[[venue.host]]
name = "alpha"
role = "results"
address = "192.0.2.7"
probe_port = 22
gateway = true

[[venue]]
code = "AQU"
margin_s = 7
[[venue.host]]
name = "beta"
"""


def test_an_agent_needs_a_venue_and_a_host_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('venue = "STA"\nhost = "alpha"')

    settings = agent_config.read(path)

    assert (settings.venue, settings.host) == ("STA", "alpha")
    assert (settings.broker.address, settings.broker.port) == ("127.0.0.1", 1883)
    assert (settings.heartbeat.interval_s, settings.heartbeat.vitals_every_s) == (1.0, 10.0)
    assert not settings.broker.uses_tls


@pytest.mark.parametrize(
    "tls", ["tls = true", 'ca_file = "ca.pem"', 'cert_file = "c.pem"\nkey_file = "k.pem"']
)
def test_naming_anything_of_tls_turns_it_on(tmp_path: Path, tls: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "alpha"\n[broker]\n{tls}')

    assert agent_config.read(path).broker.uses_tls


def test_an_aggregator_needs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text("")

    settings = aggregator_config.read(path)

    assert settings.web.listen_address == "127.0.0.1:8039"
    assert settings.detection.away_limit_s == 900.0


@pytest.mark.parametrize("named", ["fleet/inventory.toml", "/etc/venuewatch/inventory.toml"])
def test_an_inventory_is_looked_for_beside_the_file_that_names_it(
    tmp_path: Path, named: str
) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f'inventory = "{named}"')

    assert aggregator_config.read(path).inventory == str(tmp_path / named)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("127.0.0.1:8039", "127.0.0.1", 8039),
        ("[::1]:8039", "::1", 8039),
        (":8039", None, 8039),
        ("localhost:0", "localhost", 0),
        ("h:65535", "h", 65_535),
    ],
)
def test_a_listen_address_is_a_host_and_a_port(
    tmp_path: Path, address: str, host: str | None, port: int
) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f'[web]\nlisten_address = "{address}"')

    settings = aggregator_config.read(path)

    assert aggregator_config.host_and_port(settings.web.listen_address) == (host, port)


def test_a_fleet_is_what_the_inventory_expects_and_nothing_is_known_of_it(tmp_path: Path) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text(INVENTORY)

    fleet = inventory.fleet_of(inventory.read(path))

    alpha, beta = fleet
    assert (alpha.venue, alpha.name, alpha.role) == ("STA", "alpha", "results")
    assert (alpha.margin_s, beta.margin_s) == (THIN_MARGINS_S["satellite"], 7.0)
    assert (alpha.stock_margin_s, beta.stock_margin_s) == (STOCK_MARGINS_S["satellite"], 7.0)
    assert {host.state for host in fleet} == {HostState.UNKNOWN}
    assert all(host.is_listed for host in fleet)
    assert fleet.venues["STA"].counts[HostState.UNKNOWN] == 1
    assert fleet.venues["STA"].timezone == "Europe/Paris"


def test_a_venue_may_have_no_hosts_yet(tmp_path: Path) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text('[[venue]]\ncode = "STA"')

    assert len(inventory.fleet_of(inventory.read(path))) == 0
