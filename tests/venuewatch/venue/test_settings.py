"""venues.toml, and the broker's address with which the first command begins it."""

from pathlib import Path

import pytest

from tests.venuewatch.venue.centre import Centre, added_in, refused, settings_in
from venuewatch.base.config import ConfigError
from venuewatch.venue import settings

PATH = Path("/etc/venuewatch/venues.toml")


@pytest.mark.parametrize(
    ("said", "address", "port"),
    [
        ("centre.example.org", "centre.example.org", 8883),
        ("centre.example.org:443", "centre.example.org", 443),
        ("192.0.2.1:443", "192.0.2.1", 443),
        ("2001:db8::1", "2001:db8::1", 8883),
        ("[2001:db8::1]", "2001:db8::1", 8883),
        ("[2001:db8::1]:443", "2001:db8::1", 443),
    ],
)
def test_first_command_says_where_the_broker_is(said: str, address: str, port: int) -> None:
    found, content = settings.first(PATH, said)

    assert (found.broker_address, found.broker_port) == (address, port)
    assert settings.decoded(content, PATH) == found


@pytest.mark.parametrize(
    "said",
    [
        *("", ":8883", "centre:", "centre:0", "centre:http", "[::1", "[::1]443", "a:b:c"),
        *("zürich.example.org", "a b", "https://centre", "centre/x", "-centre", "a..b", "x" * 254),
    ],
)
def test_address_that_no_agent_can_reach_is_refused(said: str) -> None:
    with pytest.raises(ConfigError, match=r"--broker: \S"):
        settings.first(PATH, said)


def test_other_address_than_that_of_the_settings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = added_in(tmp_path)
    assert centre.add("STA", "--broker", "127.0.0.1") == 0
    capsys.readouterr()
    before = centre.files()

    (line,) = refused(capsys, centre.add("STA", "--broker", "192.0.2.1"))

    assert "venues.toml" in line
    assert "127.0.0.1:8883" in line
    assert centre.files() == before


def test_name_longer_than_a_certificate_takes_is_refused(tmp_path: Path) -> None:
    settings_in(tmp_path, aggregators=f'["{"a" * 56}"]')

    with pytest.raises(ConfigError, match="56 characters"):
        settings_in(tmp_path, aggregators=f'["{"a" * 57}"]')


def test_longest_names_have_their_certificates(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    (tmp_path / "venues.toml").unlink()
    own = "".join(
        f"{key} = {value}\n"
        for key, value in {
            "broker_address": f'"{".".join(["label"] * 40)}"',
            "aggregators": f'["{"a" * 56}"]',
            "acl_file": '"rules.acl"',
            "broker_folder": '"broker"',
            "reload_broker": "[]",
            "reload_aggregator": "[]",
        }.items()
    )
    centre.write("venues.toml", own)
    centre.write("hosts.csv", f"host\n{'h' * 64}\n")

    assert centre.add("v" * 56, "--bridge") == 0


def test_code_too_long_for_a_bridge_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    centre = Centre(tmp_path)

    (line,) = refused(capsys, centre.add("v" * 57, "--bridge"))

    assert "56 characters" in line
