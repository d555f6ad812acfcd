"""Alerting by rules, end to end: real aggregator, Prometheus, Alertmanager, and who is told what.

The intervals are the shipped ones: they are what operators wait for.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.duty import Duty, Hosts, Told
from tests.integration.monitoring import AGGREGATOR, ALERTMANAGER, Alertmanager, Prometheus
from tests.integration.real import (
    Aggregator,
    Mosquitto,
    in_thread,
    inventory_of,
    pause,
    until,
)
from tests.kit.receiver import Receiver
from venuewatch.base import clock

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(300)]

HOSTS = 40
CUT, ALONE = ("STA", "wired", HOSTS), ("TAH", "wired", 3)
WITHIN_S = 15.0
"""How long by rules alone until a cut venue is told: from the cut, its detection included."""

SCRAPE_S, KEEP_S = 5.0, 30.0
GROUP_S = 1
"""Alertmanager's ``group_interval`` here: with the shipped 10 s it would hide a short false end."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with in_thread(Receiver.serving()) as serving:
        yield serving


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto) -> Iterator[Aggregator]:
    with Aggregator(tmp_path, broker.port, inventory=inventory_of(CUT, ALONE)) as running:
        yield running


@pytest.fixture
def prometheus(tmp_path: Path, aggregator: Aggregator, receiver: Receiver) -> Iterator[Prometheus]:
    url = f"http://127.0.0.1:{receiver.port}"
    with Alertmanager(tmp_path, url, group_interval_s=GROUP_S) as alertmanager:
        replaced = {
            AGGREGATOR: f"127.0.0.1:{aggregator.port}",
            ALERTMANAGER: f"127.0.0.1:{alertmanager.port}",
        }
        with Prometheus(tmp_path, replaced) as running:
            yield running


def test_duty_is_told_once_and_never_of_an_end_that_is_none(
    tmp_path: Path,
    broker: Mosquitto,
    aggregator: Aggregator,
    prometheus: Prometheus,
    receiver: Receiver,
) -> None:
    duty = Duty(receiver)
    venue = Hosts(tmp_path, "venue", broker.port, inventory_of(CUT))
    others = Hosts(tmp_path, "others", broker.port, inventory_of(ALONE), without="TAH-3")
    alone = Hosts(
        tmp_path, "alone", broker.port, '[[venue]]\ncode = "TAH"\n[[venue.host]]\nname = "TAH-3"\n'
    )
    with venue, others, alone:
        until("all are up", lambda: up(prometheus) == HOSTS + 3, within_s=60.0)

        cut_at = clock.monotonic()
        venue.signal(signal.SIGSTOP)
        alone.kill()
        venue_told = Told("/on-duty", "firing", "VenuewatchVenueUnreachable", "STA")
        host_told = Told("/on-duty", "firing", "VenuewatchHostDown", "TAH-3")
        until("the venue is told", lambda: venue_told in duty.told(), within_s=WITHIN_S)
        venue_s = clock.monotonic() - cut_at
        until("the host is told", lambda: host_told in duty.told(), within_s=WITHIN_S)

        aggregator.signal(signal.SIGSTOP)
        until("a scrape failed", lambda: up_of(prometheus) == 0.0, within_s=30.0)
        aggregator.signal(signal.SIGCONT)
        until("it is scraped again", lambda: up_of(prometheus) == 1.0, within_s=30.0)
        aggregator.stop()
        until("a scrape failed", lambda: up_of(prometheus) == 0.0, within_s=30.0)
        pause(SCRAPE_S)
        aggregator.start()
        until("it is scraped again", lambda: up_of(prometheus) == 1.0, within_s=30.0)
        pause(2 * SCRAPE_S)

        assert sorted(duty.told()) == sorted([venue_told, host_told])

        venue.signal(signal.SIGCONT)
        alone.start()
        ends = [venue_told._replace(status="resolved"), host_told._replace(status="resolved")]
        until("both are over", lambda: len(duty.told()) == 4, within_s=KEEP_S + 30.0)

    assert sorted(duty.told()) == sorted([venue_told, host_told, *ends])
    assert venue_s <= WITHIN_S
    (first, *_) = [each for each in duty.notices() if each["groupLabels"] == {"venue": "STA"}]
    (alert,) = first["alerts"]
    assert alert["labels"] == {
        "alertname": "VenuewatchVenueUnreachable",
        "severity": "critical",
        "venue": "STA",
    }
    assert alert["annotations"]["description"] == (
        "STA is cut off. Its hosts fell silent together, and may be well."
    )


def up(prometheus: Prometheus) -> float:
    found = prometheus.series("sum(venuewatch_host_up)")
    return found[0][1] if found else 0.0


def up_of(prometheus: Prometheus) -> float | None:
    found = prometheus.series('max(up{job="venuewatch"})')
    return found[0][1] if found else None
