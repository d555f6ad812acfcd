"""Bad configurations of the HTTP proxy, each refused with one line; its password is a secret."""

from pathlib import Path

import pytest

from agent import config
from venuewatch.base.config import ConfigError
from venuewatch.base.secret_files import secrets_of

HEAD = 'venue = "STA"\nhost = "alpha"\n[broker]\n'
PLACE = "expected an address and a port, as in 10.1.0.7:1883, got"
BAD = {
    'proxy = "http://10.1.0.7:3128"': f"{PLACE} text at $.broker.proxy",
    'proxy = "me:s3cret@10.1.0.7:3128"': f"{PLACE} text at $.broker.proxy",
    'proxy = "10.1.0.7"': f'{PLACE} "10.1.0.7" at $.broker.proxy',
    'proxy = "10.1.0.7:0"': "expected a port from 1 to 65535, got 0 at $.broker",
    'proxy_username = "a"': 'expected "proxy" beside "proxy_username" at $.broker',
    'proxy = "a:1"\nproxy_password_file = "p"': (
        'expected "proxy_username" beside "proxy_password_file" at $.broker'
    ),
    'proxy = "a:1"\nproxy_username = "a:b"': (
        'expected "proxy_username" to have no colon at $.broker'
    ),
    'proxy_password = "s3cret"': (
        'unknown field "proxy_password" at $.broker - did you mean "proxy_password_file"?'
    ),
}


@pytest.mark.parametrize(("text", "line"), BAD.items())
def test_wrong_proxy_is_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(HEAD + text)

    with pytest.raises(ConfigError) as refusal:
        config.read(path)

    assert str(refusal.value).partition(" Known: ")[0] == f"{path}: {line}"
    assert "s3cret" not in str(refusal.value).replace('"proxy_password"', "")


def test_password_of_a_proxy_is_kept_from_others_as_any_secret() -> None:
    where = config.Broker(proxy="a:1", proxy_username="a", proxy_password_file=__file__)

    assert list(secrets_of(where)) == [__file__]
