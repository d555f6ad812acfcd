"""Alerting by push, end to end: real aggregators, real Alertmanager, and who is told what.

Alertmanager has the shipped routes. How long an alert lasts after its last push is shortened.
"""

import signal
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.integration.duty import Duty, Hosts, Told
from tests.integration.monitoring import Alertmanager
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
INVENTORY = inventory_of(CUT, ALONE)
LAST = '[[venue]]\ncode = "TAH"\n[[venue.host]]\nname = "TAH-3"\n'

RESEND_S, ENDS_AFTER_S = 2.0, 15.0
AWAY_S = 6.0
"""How long an aggregator is stopped; with the shipped times three minutes would be the same."""

GROUP_S = 10.0
TOLD_WITHIN_S = 3.0
"""From the decision to the notice; 2 s of it are the shipped ``group_wait``."""

VENUE = Told("/on-duty", "firing", "VenuewatchVenueUnreachable", "STA")
HOST = Told("/on-duty", "firing", "VenuewatchHostDown", "TAH-3")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with in_thread(Receiver.serving()) as serving:
        yield serving


@pytest.fixture
def alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[Alertmanager]:
    with Alertmanager(tmp_path, f"http://127.0.0.1:{receiver.port}") as running:
        yield running


def pushing(folder: Path, broker: Mosquitto, to: Alertmanager, name: str) -> Aggregator:
    folder.mkdir(exist_ok=True)
    more = (
        f'[alertmanager]\nurls = ["http://127.0.0.1:{to.port}"]\n'
        f"resend_s = {RESEND_S}\nends_after_s = {ENDS_AFTER_S}\nretry_max_s = 1.0\n"
    )
    return Aggregator(folder, broker.port, inventory=INVENTORY, broker=more, name=name)


def until_up(aggregator: Aggregator) -> None:
    def is_up() -> bool:
        return sum(value for _, value in aggregator.page().of("venuewatch_host_up")) == HOSTS + 3

    until("all are up", is_up, within_s=60.0)


def opened_at(aggregator: Aggregator, venue: str) -> float:
    """Return when (s since 1970) the oldest open incident of a venue became true."""
    name = "venuewatch_incident_opened_timestamp_seconds"
    found = until("it is an incident", lambda: aggregator.page().of(name, venue=venue, host=""))
    return min(value for _, value in found)


def test_duty_is_told_once_and_of_no_end_that_is_none(
    tmp_path: Path, broker: Mosquitto, alertmanager: Alertmanager, receiver: Receiver
) -> None:
    duty = Duty(receiver)
    aggregator = pushing(tmp_path, broker, alertmanager, "aggregator")
    venue = Hosts(tmp_path, "venue", broker.port, inventory_of(CUT))
    others = Hosts(tmp_path, "others", broker.port, inventory_of(ALONE), without="TAH-3")
    alone = Hosts(tmp_path, "alone", broker.port, LAST)
    with aggregator, venue, others, alone:
        until_up(aggregator)

        venue.signal(signal.SIGSTOP)
        decided_at = opened_at(aggregator, "STA")
        until("the venue is told", lambda: VENUE in duty.told())
        took_s = clock.wall() - decided_at
        alone.kill()
        until("the host is told", lambda: HOST in duty.told())

        aggregator.kill()
        pause(AWAY_S)
        aggregator.start()
        until("it has settled", aggregator.is_ready, within_s=40.0)
        aggregator.signal(signal.SIGSTOP)
        pause(AWAY_S)
        aggregator.signal(signal.SIGCONT)
        pause(GROUP_S + RESEND_S)  # Alertmanager would tell of an end by then
        assert sorted(duty.told()) == sorted([VENUE, HOST])

        venue.signal(signal.SIGCONT)
        alone.start()
        until("both are over", lambda: len(duty.told()) == 4, within_s=GROUP_S + 30.0)

    ends = [VENUE._replace(status="resolved"), HOST._replace(status="resolved")]
    assert sorted(duty.told()) == sorted([VENUE, HOST, *ends])
    assert took_s <= TOLD_WITHIN_S
    (first, *_) = [each for each in duty.notices() if each["groupLabels"] == {"venue": "STA"}]
    (alert,) = first["alerts"]
    assert alert["labels"] == {
        "alertname": "VenuewatchVenueUnreachable",
        "severity": "critical",
        "venue": "STA",
    }
    assert alert["generatorURL"].endswith(f":{aggregator.port}/incidents/1")


def test_two_aggregators_are_one_notice_and_one_end(
    tmp_path: Path, broker: Mosquitto, alertmanager: Alertmanager, receiver: Receiver
) -> None:
    duty = Duty(receiver)
    first = pushing(tmp_path, broker, alertmanager, "first")
    second = pushing(tmp_path / "second", broker, alertmanager, "second")
    venue = Hosts(tmp_path, "venue", broker.port, inventory_of(CUT))
    others = Hosts(tmp_path, "others", broker.port, inventory_of(ALONE))
    with first, second, venue, others:
        for aggregator in (first, second):
            until_up(aggregator)
            until("it has settled", aggregator.is_ready, within_s=40.0)

        venue.signal(signal.SIGSTOP)
        until("the venue is told", lambda: VENUE in critical(duty))
        for aggregator in (first, second):
            opened_at(aggregator, "STA")
        second.kill()
        pause(AWAY_S)
        second.start()
        until("it has settled", second.is_ready, within_s=40.0)
        pause(GROUP_S + RESEND_S)
        assert critical(duty) == [VENUE]

        venue.signal(signal.SIGCONT)
        until("it is over", lambda: len(critical(duty)) == 2, within_s=GROUP_S + 30.0)
        pause(GROUP_S + RESEND_S)

    assert critical(duty) == [VENUE, VENUE._replace(status="resolved")]


def critical(duty: Duty) -> list[Told]:
    return [told for told in duty.told() if told.path == "/on-duty"]


def test_alertmanager_that_comes_later_is_told_how_things_stand(
    tmp_path: Path, broker: Mosquitto, receiver: Receiver
) -> None:
    duty = Duty(receiver)
    alertmanager = Alertmanager(tmp_path, f"http://127.0.0.1:{receiver.port}")
    aggregator = pushing(tmp_path, broker, alertmanager, "aggregator")
    others = Hosts(tmp_path, "others", broker.port, INVENTORY, without="TAH-3")
    alone = Hosts(tmp_path, "alone", broker.port, LAST)
    with aggregator, others, alone:
        until_up(aggregator)
        alone.kill()
        until("it was tried", lambda: aggregator.events("alertmanager_fails"))

        with alertmanager:
            until("the host is told", lambda: HOST in duty.told())
            whys = [event["why"] for event in aggregator.events("alertmanager_fails")]

    assert duty.told() == [HOST]
    assert whys[0] == "nothing listens there"
    assert [why for why, _ in groupby(whys)] == whys  # the same trouble is told once
