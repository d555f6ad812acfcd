"""Bad configurations of the push to Alertmanager, each refused with one line."""

from pathlib import Path

import pytest

from aggregator import config
from venuewatch.base.config import ConfigError

LABELS = (
    'expected names for "labels" that Prometheus takes, none of '
    "alertname, check, host, instance, role, severity, venue"
)
BAD = {
    **{
        f'[alertmanager]\nurls = ["http://x", "{url}"]': (
            'expected "urls" to be http or https addresses, without a user at $.alertmanager'
        )
        for url in ("", "x:9093", "ftp://x", "http://me:s3cret@x", "http://x/?s3cret", "http://[x")
    },
    **{
        f"[alertmanager]\n{text}": f"{line} at $.alertmanager"
        for text, line in {
            'urls = ["http://x", "http://x"]': 'expected each of "urls" once',
            'urls = ["https://x", "http://y"]\nca_file = "c"': (
                'expected "urls" to begin with https:// beside "ca_file"'
            ),
            'username = "me"': 'expected "username" and "password_file" together',
            'password_file = "p"': 'expected "username" and "password_file" together',
            'username = "a:b"\npassword_file = "p"': 'expected "username" to have no colon',
            'username = "me"\npassword_file = "p"\nbearer_token_file = "t"': (
                'expected one of "username" and "bearer_token_file"'
            ),
            "resend_s = 60\nends_after_s = 119": (
                'expected "ends_after_s" to be twice "resend_s" at least'
            ),
            'runbooks_url = "runbooks"': ('expected "runbooks_url" to be an http or https address'),
            'labels = {"é" = "x"}': LABELS,
            'labels = {venue = "x"}': LABELS,
        }.items()
    },
    "[alertmanager]\nlabels = {games = 2024}": (
        "expected text, got another value at $.alertmanager.labels"
    ),
    '[alertmanager]\nurls = "http://x"': "expected a list, got text at $.alertmanager.urls",
    '[alertmanager]\npassword = "s3cret"': (
        'unknown field "password" at $.alertmanager - did you mean "password_file"?'
    ),
}


@pytest.mark.parametrize(("text", "line"), BAD.items())
def test_wrong_alertmanager_table_is_refused_in_one_line(
    tmp_path: Path, text: str, line: str
) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refusal:
        config.read(path)

    assert str(refusal.value).startswith(f"{path}: {line}")


def test_shipped_times_outlast_three_minutes(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text("")

    meant = config.read(path).alertmanager

    assert (meant.urls, meant.resend_s, meant.ends_after_s) == ((), 60.0, 600.0)
