"""Queue of alerts: fair among venues and hosts, and no alert waits for the retry of another."""

import random
from collections.abc import Callable

import pytest

from aggregator.core.incidents.pushing import Push
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.notices.alerts import TOGETHER_MAX, AlertsQueue
from aggregator.core.verdicts.causes import Cause


def push(number: int, *, venue: str = "STA", host: str = "", **said: bool) -> Push:
    subject = Subject("host", venue, host or f"h{number}")
    incident = Incident(number, subject, Cause.SILENT, 0.0)
    return Push(str(number), incident, 0.0, 1e6, **said)


def queue(**bounds: int) -> AlertsQueue:
    return AlertsQueue(random.Random(7), retry_max_s=4.0, **bounds)


def sent(alerts: AlertsQueue, now: float, fails: Callable[[Push], bool]) -> list[str]:
    """Push all that may be pushed at ``now``; return which were accepted."""
    accepted = []
    while pushes := alerts.take(now):
        if any(map(fails, pushes)):
            alerts.failed(pushes, now)
        else:
            alerts.accepted(pushes)
            accepted += [each.key for each in pushes]
    return accepted


def test_an_alert_of_a_quiet_venue_passes_a_flood() -> None:
    alerts = queue()
    alerts.add(push(number, host="mad") for number in range(1_000))
    alerts.add([push(5_000, venue="TAH")])

    assert "5000" in [each.key for each in alerts.take(0.0)[:2]]


def test_news_pass_what_is_only_pushed_again() -> None:
    alerts = queue()
    alerts.add(push(number, host=f"a{number}") for number in range(400))
    sent(alerts, 0.0, lambda _: False)

    alerts.add(push(number, host=f"a{number}") for number in range(400))
    alerts.add([push(500)])

    assert alerts.take(1.0)[0].key == "500"


def test_no_alert_waits_for_the_retry_of_another() -> None:
    alerts = queue()
    alerts.add([push(1)])
    for second in range(20):
        sent(alerts, float(second), lambda each: each.key == "1")

    alerts.add([push(2)])

    assert sent(alerts, 20.5, lambda each: each.key == "1") == ["2"]


def test_one_alert_that_fails_holds_up_the_others_briefly() -> None:
    alerts = queue()
    alerts.add(push(number) for number in range(1_000))
    accepted: list[str] = []
    second = 0.0

    while len(accepted) < 999 and second < 120.0:
        accepted += sent(alerts, second, lambda each: each.key == "7")
        second += 0.1

    assert len(accepted) == 999
    assert [each.key for each in alerts.waiting] == ["7"]


def test_all_is_out_soon_after_ten_minutes_of_failures() -> None:
    alerts, second = queue(), 0.0
    alerts.add(push(number) for number in range(2_000))
    while second < 600.0:
        sent(alerts, second, lambda _: True)
        second += 0.1

    accepted: list[str] = []
    while second < 610.0:
        accepted += sent(alerts, second, lambda _: False)
        second += 0.1

    assert len(accepted) == 2_000


def test_a_refusal_drops_the_alert_to_blame_alone() -> None:
    alerts = queue()
    alerts.add(push(number) for number in range(TOGETHER_MAX))
    dropped, accepted = [], []

    while pushes := alerts.take(0.0):
        if any(each.key == "77" for each in pushes):
            dropped += alerts.refused(pushes)
        else:
            alerts.accepted(pushes)
            accepted += pushes

    assert [each.key for each in dropped] == ["77"]
    assert len(accepted) == TOGETHER_MAX - 1
    assert len(alerts) == 0


def test_a_full_queue_drops_those_of_the_loudest() -> None:
    alerts = queue(pending_max=10)
    alerts.add(push(number) for number in range(5))

    dropped = alerts.add(push(number, host="mad") for number in range(100, 120))

    assert {each.incident.subject.host for each in dropped} == {"mad"}
    assert len(alerts) == 10


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_newer_goes_after_a_request_under_way(*, is_over: bool) -> None:
    alerts = queue()
    alerts.add([push(1)])
    under_way = alerts.take(0.0)

    alerts.add([push(1, is_over=is_over)])
    alerts.accepted(under_way)
    (newer,) = alerts.take(0.0)
    alerts.accepted([newer])

    assert newer.is_over == is_over
    assert (alerts.take(0.0), len(alerts)) == ([], 0)


def test_a_pause_holds_for_all_alerts() -> None:
    alerts = queue()
    alerts.add([push(1)])
    alerts.failed(alerts.take(0.0), 0.0, pause_s=20.0)

    alerts.add([push(2)])

    assert alerts.take(19.0) == []
    assert alerts.next_at == 20.0
    assert alerts.take(20.0) != []
