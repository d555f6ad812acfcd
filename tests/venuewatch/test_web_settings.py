"""Wrong settings of the web port are refused in words."""

from pathlib import Path

import pytest

from aggregator import config
from venuewatch.base.config import ConfigError

NO_PORT = "expected a host's name or address without a port, IPv6 in brackets, got text"

WRONG = {
    "max_connections = 7": (
        "expected a whole number from 8 to 60000, got 7 at $.web.max_connections"
    ),
    'allowed_hosts = ["a.example:80"]': f"{NO_PORT} at $.web.allowed_hosts[0]",
    'allowed_hosts = ["b.example", "https://a.example"]': f"{NO_PORT} at $.web.allowed_hosts[1]",
    'allowed_hosts = ["2001:db8::1"]': f"{NO_PORT} at $.web.allowed_hosts[0]",
    'allowed_hosts = "a.example"': "expected a list, got text at $.web.allowed_hosts",
}


@pytest.mark.parametrize(("line", "words"), WRONG.items())
def test_wrong_setting_of_the_web_port_is_refused(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f"[web]\n{line}\n")

    with pytest.raises(ConfigError) as refused:
        config.read(path)

    assert str(refused.value) == f"{path}: {words}"
