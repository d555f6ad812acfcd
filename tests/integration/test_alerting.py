"""Alerting end to end, by rules and by push: real servers, and who is told what.

The intervals of rules and routes are the shipped ones: they are what operators wait for. What is
pushed is shortened; ``python -m bench alerts`` has all of it with the shipped times. The outages
run side by side, from the first test on.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import pytest

from tests.integration.chain import (
    BY_RULES,
    HOST,
    SHIPPED,
    TWO,
    UNCUT,
    VENUE,
    Heard,
    end_of,
    outage,
    outage_while_one_of_two_flaps,
    pushing,
    running,
    uncut_hosts,
)
from tests.integration.duty import Duty
from tests.integration.monitoring import Alertmanager
from tests.integration.real import Aggregator, Mosquitto, in_thread, inventory_of, until
from tests.kit.receiver import Receiver

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(300)]

BY_RULES_S, BY_PUSH_S = 20.0, 5.0
"""Until a cut venue is told: from the cut, its detection included; and from the decision.

``python -m bench alerts`` holds 15 and 3 s, on a machine that does nothing else.
"""

NEVER_HIDDEN = SHIPPED._replace(group_s=1)
"""With the shipped ``group_interval`` of 10 s Alertmanager would hide a short false end."""

SHORT = SHIPPED._replace(resend_s=2.0, ends_after_s=30.0, retry_max_s=1.0, aways_s=(6.0,))

ONCE = sorted([VENUE, HOST])
ONCE_AND_OVER = sorted([VENUE, HOST, end_of(VENUE), end_of(HOST)])


def by_rules(folder: Path) -> Heard:
    with running(folder, NEVER_HIDDEN, rules=BY_RULES) as chain:
        return outage(chain)


def by_push(folder: Path) -> Heard:
    with running(folder, SHORT) as chain:
        return outage(chain)


def by_two(folder: Path) -> Heard:
    with running(folder, SHORT, names=TWO) as chain:
        return outage_while_one_of_two_flaps(chain)


@pytest.fixture(scope="module")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Heard]]]:
    stories: tuple[Callable[[Path], Heard], ...] = (by_rules, by_push, by_two)
    with ThreadPoolExecutor(len(stories)) as pool:
        yield {
            story.__name__: pool.submit(story, tmp_path_factory.mktemp(story.__name__))
            for story in stories
        }


def test_alertmanager_that_comes_later_is_told_how_things_stand(
    outages: object, tmp_path: Path, broker: Mosquitto
) -> None:
    assert outages, "they begin while this is tested"
    with in_thread(Receiver.serving()) as receiver:
        duty = Duty(receiver)
        alertmanager = Alertmanager(tmp_path, f"http://127.0.0.1:{receiver.port}")
        pushes, inventory = pushing(alertmanager, SHORT), inventory_of(UNCUT)
        aggregator = Aggregator(tmp_path, broker.port, inventory=inventory, broker=pushes)
        hosts = uncut_hosts(tmp_path, broker.port)
        with aggregator, hosts["rest"], hosts[HOST.of] as alone:
            aggregator.wait_for(HOST.of, "up", within_s=60.0)
            alone.kill()
            until("it was tried", lambda: aggregator.events("alertmanager_fails"), within_s=60.0)

            with alertmanager:
                until("the host is told", lambda: HOST in duty.told(), within_s=60.0)
                whys = [event["why"] for event in aggregator.events("alertmanager_fails")]

    assert duty.told_of(HOST.of) == [HOST]
    assert whys[0] == "nothing listens there"
    assert [why for why, _ in groupby(whys)] == whys  # the same trouble is told once


@pytest.mark.parametrize("way", ["by_rules", "by_push", "by_two"])
def test_duty_is_told_once_and_never_of_an_end_that_is_none(
    outages: Mapping[str, Future[Heard]], way: str
) -> None:
    heard = outages[way].result()

    assert heard.meanwhile == ONCE
    assert heard.in_all == ONCE_AND_OVER


def test_cut_venue_is_told_in_time(outages: Mapping[str, Future[Heard]]) -> None:
    assert outages["by_rules"].result().cut.after_cut_s <= BY_RULES_S
    assert outages["by_push"].result().cut.after_decision_s <= BY_PUSH_S


@pytest.mark.parametrize("way", ["by_rules", "by_push"])
def test_rules_and_push_tell_the_same(outages: Mapping[str, Future[Heard]], way: str) -> None:
    notice = outages[way].result().notice

    (alert,) = notice["alerts"]
    assert notice["groupLabels"] == {"venue": "STA"}
    assert alert["labels"] == {
        "alertname": "VenuewatchVenueUnreachable",
        "severity": "critical",
        "venue": "STA",
    }
    assert alert["annotations"]["description"] == (
        "STA is cut off. Its hosts fell silent together, and may be well."
    )


def test_pushed_alert_leads_to_its_incident(outages: Mapping[str, Future[Heard]]) -> None:
    (alert,) = outages["by_push"].result().notice["alerts"]

    assert alert["generatorURL"].endswith("/incidents/1")
