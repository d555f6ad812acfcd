"""Configurations of the remote-write receiver: what they mean, and the line of a bad one."""

from pathlib import Path

import pytest

from aggregator import config
from venuewatch.base.config import ConfigError

URL = 'url = "http://x/api/v1/write"\n'
BAD = {
    **{
        f'[remote_write]\nurl = "{url}"': (
            'expected "url" to be an http or https address, without a user at $.remote_write'
        )
        for url in ("x:9090", "ftp://x", "http://me:s3cret@x", "http://x/?s3cret", "http://[x")
    },
    **{
        f"[remote_write]\n{text}": line
        for text, line in {
            URL + 'ca_file = "c"': (
                'expected "url" to begin with https:// beside "ca_file" at $.remote_write'
            ),
            'username = "me"': (
                'expected "username" and "password_file" together at $.remote_write'
            ),
            "window_s = 0": "expected a number from 1 to 2678400, got 0 at $.remote_write.window_s",
            "[remote_write.labels]\nnode = {}": 'unknown field "node" at $.remote_write.labels',
            '[remote_write.labels.vitals]\n"a-b" = "x"': (
                "expected names of labels that Prometheus takes at $.remote_write.labels"
            ),
            "[remote_write.labels.checks]\ninstance = 5": (
                "expected text, got another value at $.remote_write.labels.checks"
            ),
            URL: (
                'expected "timestamps" of "web" to be true beside "remote_write": '
                "counters would step back else"
            ),
            URL + '[web]\ntimestamps = true\nlisten_address = ":8039"': (
                "expected [remote_write.labels] checks to have an instance: "
                "Prometheus' target is another one than :8039"
            ),
        }.items()
    },
}


def read(folder: Path, text: str) -> config.Config:
    path = folder / "aggregator.toml"
    path.write_text(text)
    return config.read(path)


@pytest.mark.parametrize(("text", "line"), BAD.items())
def test_wrong_remote_write_table_is_refused_in_one_line(
    tmp_path: Path, text: str, line: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, text)

    assert str(refusal.value).startswith(f"{tmp_path / 'aggregator.toml'}: {line}")


def test_nothing_is_written_by_default(tmp_path: Path) -> None:
    assert read(tmp_path, "").remote_write.url == ""


@pytest.mark.parametrize(
    ("text", "vitals", "checks"),
    [
        ("", {"job": "node"}, {"job": "venuewatch", "instance": "127.0.0.1:8039"}),
        (
            'listen_address = "0.0.0.0:80"\n[remote_write.labels.checks]\ninstance = "c:80"',
            {"job": "node"},
            {"job": "venuewatch", "instance": "c:80"},
        ),
        (
            '[remote_write.labels]\nvitals = {job = "h", games = "2024"}\nchecks = {job = "vw"}',
            {"job": "h", "games": "2024"},
            {"job": "vw", "instance": "127.0.0.1:8039"},
        ),
    ],
    ids=["default", "named target", "other jobs"],
)
def test_labels_are_those_of_the_shipped_jobs_unless_named(
    tmp_path: Path, text: str, vitals: dict[str, str], checks: dict[str, str]
) -> None:
    labels = read(tmp_path, f"[remote_write]\n{URL}[web]\ntimestamps = true\n{text}").job_labels()

    assert (labels.vitals, labels.checks) == (vitals, checks)


def test_option_for_the_address_is_the_target_that_prometheus_lists(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f'[remote_write]\n{URL}[web]\ntimestamps = true\nlisten_address = ":8039"')

    labels = config.read(path, {"listen_address": "10.0.0.1:80"}).job_labels()

    assert labels.checks["instance"] == "10.0.0.1:80"
