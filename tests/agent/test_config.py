"""``[probe]`` in agent.toml."""

from pathlib import Path

import pytest

from agent import config, identity
from venuewatch.base.config import ConfigError
from venuewatch.base.wire.messages import decode_birth, encode

NETWORKS = "expected networks such as 10.1.0.0/16:"
HOST = 'venue = "STA"\nhost = "alpha"\n'


def read(folder: Path, text: str) -> config.Config:
    path = folder / "agent.toml"
    path.write_text(HOST + text)
    return config.read(path)


@pytest.mark.parametrize(
    ("text", "probing"),
    [
        ("", config.Probing(enabled=True, networks=())),
        ("enabled = false", config.Probing(enabled=False)),
        ('networks = ["fd09::/64"]', config.Probing(networks=("fd09::/64",))),
    ],
)
def test_neighbours_may_be_asked_anywhere_unless_said_otherwise(
    tmp_path: Path, text: str, probing: config.Probing
) -> None:
    assert read(tmp_path, f"[probe]\n{text}").probe == probing


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('networks = ["10.1.0.1/16"]', f"{NETWORKS} 10.1.0.1/16 has host bits set at $.probe"),
        (
            'networks = ["a"]',
            f"{NETWORKS} 'a' does not appear to be an IPv4 or IPv6 network at $.probe",
        ),
        ('networks = "10.1.0.0/16"', "expected a list, got text at $.probe.networks"),
        ("enabled = 1", "expected true or false, got 1 at $.probe.enabled"),
        ("ports = []", 'unknown field "ports" at $.probe - Known: enabled, networks'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, f"[probe]\n{text}")

    assert str(refusal.value) == f"{tmp_path / 'agent.toml'}: {complaint}"


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
    settings = read(tmp_path, f"[broker]\n{text}")

    birth = identity.birth(settings, boot="a", session=1, address="", stock_tcp=False)

    assert getattr(decode_birth(encode(birth)), field) == announced
