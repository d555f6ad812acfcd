"""Debian's Prometheus finds its targets by http_sd, over TLS and with a password."""

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
import trustme

from tests.deploy.peer import Peer
from tests.integration.monitoring import PrometheusServer
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import Beat, Vitals, encode

pytestmark = pytest.mark.real

PASSWORD = "correct horse"  # noqa: S105 - of this test alone
HOSTILE = ("nothing", '"\\\n\r', "a\0b", "é" * 256, "\u202e\u05d0\u0627")
JOB = """\
  - job_name: {name}
    scheme: https
    scrape_interval: 1s
    honor_labels: true
    basic_auth: &user {{username: prometheus, password_file: password}}
    tls_config: &tls {{ca_file: ca.pem}}
    http_sd_configs:
      - url: https://127.0.0.1:{port}/sd?collect={collect}
        refresh_interval: 1s
        basic_auth: *user
        tls_config: *tls
"""


class Prometheus(PrometheusServer):
    """Prometheus with the two jobs of a big fleet."""

    def __init__(self, folder: Path, scraped_port: int) -> None:
        jobs = {"venuewatch": "liveness", "node": "vitals"}
        text = "".join(
            JOB.format(name=name, port=scraped_port, collect=each) for name, each in jobs.items()
        )
        (folder / "prometheus.yml").write_text(f"scrape_configs:\n{text}")
        (folder / "password").write_text(PASSWORD)
        super().__init__(folder)

    def found(self, query: str) -> list[dict[str, str]]:
        """Return the labels of each series that a query finds."""
        return [labels for labels, _ in self.series(query)]


@pytest.fixture(scope="module")
def aggregator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregator]:
    """One with an agent that has sent vitals; TLS and a user are switched on while it runs."""
    folder = tmp_path_factory.mktemp("scraping")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    with (
        Mosquitto(folder) as broker,
        Aggregator(folder, broker.port) as running,
        Agent(folder, broker.port, "STA-1"),
    ):
        until("vitals are there", lambda: running.value("node_load1", host="STA-1") is not None)
        (folder / "web.yml").write_text(
            "tls_server_config: {cert_file: server.pem, key_file: server.pem}\n"
            f"basic_auth_users: {{prometheus: '{hashed}'}}\n"
        )
        config = folder / "aggregator.toml"
        config.write_text(config.read_text() + 'config_file = "web.yml"\n')
        running.signal(signal.SIGHUP)
        until("it is reloaded", lambda: running.events("reloaded"))
        yield running


@pytest.fixture(scope="module")
def prometheus(
    aggregator: Aggregator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "ca.pem").write_bytes((aggregator.log.parent / "ca.pem").read_bytes())
    with Prometheus(folder, aggregator.port) as running:
        until("it scrapes", lambda: len(running.found("up == 1")) == 5, within_s=30.0)
        yield running


def test_each_venue_is_a_target_of_both_jobs(prometheus: Prometheus) -> None:
    targets = {(up["job"], up.get("venue", "")) for up in prometheus.found("up")}

    assert targets == {
        ("venuewatch", "STA"),
        ("venuewatch", "TAH"),
        ("venuewatch", ""),
        ("node", "STA"),
        ("node", "TAH"),
    }
    until("each can be scraped", lambda: len(prometheus.found("up == 1")) == len(targets))


@pytest.mark.parametrize(
    ("query", "job"),
    [
        ('node_load1{instance="STA-1"}', "node"),
        ('node_uname_info{host="STA-1"}', "node"),
        ('venuewatch_host_up{host="STA-2"}', "venuewatch"),
        ('venuewatch_agent_info{host="STA-1"}', "venuewatch"),
        ("venuewatch_aggregator_build_info", "venuewatch"),
    ],
)
def test_each_series_is_scraped_by_one_job(prometheus: Prometheus, query: str, job: str) -> None:
    found = until("it has scraped", lambda: prometheus.found(query))

    assert [labels["job"] for labels in found] == [job]


def test_series_of_a_hostile_agent_are_scraped_as_they_are(
    aggregator: Aggregator, prometheus: Prometheus
) -> None:
    names = [*HOSTILE, *map(str, range(8_192 - 2 * len(HOSTILE)))]
    said = Catalogue([("node_network_up", [[name] for name in (*names, *HOSTILE)])])
    at = int(clock.wall() * 1000)
    numbers: list[float | None] = [1.0] * (len(names) - 1)
    vitals = Vitals(
        "a", 1, 1, at, catalogue=said.key, values=[None, *numbers, *[0.0] * len(HOSTILE)]
    )
    port = int(str(aggregator.events("broker_connected")[0]["port"]))
    beats = itertools.count(1)

    with Peer(port, "stranger") as stranger:

        def scraped() -> list[dict[str, str]]:
            beat = Beat("a", 1, next(beats), 1, at)
            stranger.say("venuewatch/v1/TAH/TAH-1/beat", encode(beat))
            return prometheus.found('node_network_up{host="TAH-1"}')

        scraped()
        for stream, content in (("catalogue", said), ("vitals", vitals)):
            stranger.say(f"venuewatch/v1/TAH/TAH-1/{stream}", encode(content))
        found = until("they are scraped", scraped, every_s=0.5)

    assert {labels["device"] for labels in found} == set(names[1:])


def test_stranger_is_refused(aggregator: Aggregator) -> None:
    assert aggregator.get("/metrics") is None  # without TLS, and without a user
