"""Tests of right configurations: defaults and meanings."""

from operator import attrgetter
from pathlib import Path

import pytest

from agent import config as agent_config
from agent import identity
from aggregator import config as aggregator_config
from aggregator import inventory
from aggregator.core.margins import STOCK_MARGINS_S, THIN_MARGINS_S
from aggregator.core.states import HostState
from venuewatch.base.wire.messages import decode_birth, encode

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


def written(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text)
    return path


HOST = 'venue = "STA"\nhost = "alpha"\n'
BROKER, PROBE = HOST + "[broker]\n", HOST + "[probe]\n"
CERTIFICATE = 'cert_file = "c.pem"\nkey_file = "k.pem"'


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        (HOST, "venue", "STA"),
        (HOST, "host", "alpha"),
        (HOST, "broker.address", "127.0.0.1"),
        (HOST, "broker.port", 1883),
        (HOST, "broker.uses_tls", False),
        (HOST, "heartbeat.interval_s", 1.0),
        (HOST, "heartbeat.vitals_every_s", 10.0),
        (HOST, "probe", agent_config.Probing(enabled=True, networks=())),
        (BROKER + "tls = true", "broker.uses_tls", True),
        (BROKER + 'ca_file = "ca.pem"', "broker.uses_tls", True),
        (BROKER + CERTIFICATE, "broker.uses_tls", True),
        (PROBE + "enabled = false", "probe.enabled", False),
        (PROBE + 'networks = ["fd09::/64"]', "probe.networks", ("fd09::/64",)),
    ],
)
def test_agent_means_what_its_file_says_or_leaves_out(
    tmp_path: Path, text: str, place: str, meant: object
) -> None:
    settings = agent_config.read(written(tmp_path, text))

    assert attrgetter(place)(settings) == meant


def test_an_aggregator_needs_nothing(tmp_path: Path) -> None:
    settings = aggregator_config.read(written(tmp_path, ""))

    assert settings.web.listen_address == "127.0.0.1:8039"
    assert settings.detection.away_limit_s == 900.0


@pytest.mark.parametrize("named", ["fleet/inventory.toml", "/etc/venuewatch/inventory.toml"])
def test_an_inventory_is_looked_for_beside_the_file_that_names_it(
    tmp_path: Path, named: str
) -> None:
    settings = aggregator_config.read(written(tmp_path, f'inventory = "{named}"'))

    assert settings.inventory == str(tmp_path / named)


@pytest.mark.parametrize(
    ("text", "field", "announced"),
    [
        ('link = "wired"', "keepalive_s", 5),
        ('link = "bursty"', "keepalive_s", 45),
        ("", "reconnect_max_s", 10.0),
        ("reconnect_max_s = 60", "reconnect_max_s", 60.0),
    ],
)
def test_a_birth_announces_settings_of_its_session(
    tmp_path: Path, text: str, field: str, announced: float
) -> None:
    settings = agent_config.read(written(tmp_path, BROKER + text))

    birth = identity.birth(settings, boot="a", session=1, address="", stock_tcp=False)

    assert getattr(decode_birth(encode(birth)), field) == announced


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
    text = f'[web]\nlisten_address = "{address}"'

    settings = aggregator_config.read(written(tmp_path, text))

    assert aggregator_config.host_and_port(settings.web.listen_address) == (host, port)


def test_a_fleet_is_what_the_inventory_expects_and_nothing_is_known_of_it(tmp_path: Path) -> None:
    fleet = inventory.fleet_of(inventory.read(written(tmp_path, INVENTORY)))

    alpha, beta = fleet
    assert (alpha.venue, alpha.name, alpha.role) == ("STA", "alpha", "results")
    assert (alpha.margin_s, beta.margin_s) == (THIN_MARGINS_S["satellite"], 7.0)
    assert (alpha.stock_margin_s, beta.stock_margin_s) == (STOCK_MARGINS_S["satellite"], 7.0)
    assert {host.state for host in fleet} == {HostState.UNKNOWN}
    assert all(host.is_listed for host in fleet)
    assert fleet.venues["STA"].counts[HostState.UNKNOWN] == 1
    assert fleet.venues["STA"].timezone == "Europe/Paris"


def test_a_venue_may_have_no_hosts_yet(tmp_path: Path) -> None:
    path = written(tmp_path, '[[venue]]\ncode = "STA"')

    assert len(inventory.fleet_of(inventory.read(path))) == 0
