"""Alerts as Alertmanager takes them: labels, texts, times and links."""

import random
from datetime import datetime

import pytest

from aggregator.config import Alertmanager
from aggregator.core.centre import Centre
from aggregator.core.incidents.pushing import Push, key_of
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerOutlet
from aggregator.shell.outlets.alertmanager.writer import ENDS_EARLIER_S, AlertWriter
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.outlets.alertmanager.pusher import base, incident, pushing
from tests.kit.machine import WALL
from tests.kit.receiver import Receiver
from tests.kit.story import ALONE, fleet_of

YEAR_S = 31_536_000.0


async def test_alert_has_labels_texts_times_and_link(receiver: Receiver) -> None:
    fleet = fleet_of(ALONE)
    fleet.named("alpha").role = "results"
    more = {"labels": {"games": "2024"}, "runbooks_url": "https://wiki.example/runbooks/"}

    async with pushing(base(receiver), fleet=fleet, **more) as pusher:
        pusher.change("opened", incident(7))
        await receiver.until_attempts(1)

    (sent,) = receiver.attempts
    (alert,) = sent.body
    assert sent.path == "/api/v2/alerts"
    assert alert["labels"] == {
        "games": "2024",
        "alertname": "VenuewatchHostDown",
        "severity": "critical",
        "venue": "STA",
        "host": "alpha",
        "instance": "alpha",
        "role": "results",
    }
    assert alert["annotations"] == {
        "summary": "A host is down or can not be heard.",
        "description": "alpha in STA sends nothing. "
        "Machine or link: nobody there to ask, or nobody who could tell.",
        "dashboard_url": "https://mon.example/hosts/alpha",
        "runbook_url": "https://wiki.example/runbooks/VenuewatchHostDown",
    }
    assert alert["generatorURL"] == "https://mon.example/incidents/7"
    assert alert["startsAt"] == "2027-01-15T08:00:10.000+00:00"


async def test_end_has_the_labels_of_the_beginning(receiver: Receiver) -> None:
    fleet = fleet_of(ALONE)
    fleet.named("alpha").role = "results"

    async with pushing(base(receiver), fleet=fleet) as pusher:
        pusher.change("opened", incident())
        await receiver.until_attempts(1)
        fleet.named("alpha").role = "spare"
        pusher.change("sharpened", incident(cause=Cause.HOST_DOWN), 2)
        await receiver.until_attempts(2)

    before, after = (sent.body[0] for sent in receiver.attempts)
    assert before["labels"] == after["labels"]
    assert before["annotations"] != after["annotations"]


def test_alert_never_ends_before_it_starts_though_the_clock_was_set_back() -> None:
    wall = WallTime(0.0, WALL)
    wall.note(100.0, WALL + 100.0 - 3_600.0)
    writer = AlertWriter(Alertmanager(), fleet_of(ALONE), wall, str)

    alert = writer.alert_of(Push(key_of(incident()), incident(), 10.0, 120.0, is_over=True))

    assert alert.starts_at == alert.ends_at
    assert datetime.fromisoformat(alert.ends_at).timestamp() == WALL + 120.0 - 3_600.0


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_open_alert_is_over_by_neither_clock_after_a_jump(jump_s: float) -> None:
    centre, wall = Centre(fleet_of(ALONE)), WallTime(0.0, WALL)
    writer = AlertmanagerOutlet(
        Alertmanager(urls=("http://127.0.0.1:9",)),
        centre,
        wall,
        name="centre",
        url_of=str,
        publish=lambda *_: True,
        rng=random.Random(1),
        receivers=Receivers(lambda _: None, lambda: None),
    ).writer
    for now, step_s in ((50.0, 0.0), (51.0, jump_s)):
        wall.note(now, WALL + now + step_s)
        centre.woke(now, WALL + now + step_s)

    alert = writer.alert_of(Push(key_of(incident()), incident(), 10.0, 660.0))
    over = writer.alert_of(Push(key_of(incident()), incident(), 10.0, 60.0, is_over=True))

    assert datetime.fromisoformat(alert.starts_at).timestamp() == WALL + 10.0
    assert datetime.fromisoformat(alert.ends_at).timestamp() == WALL + 660.0 + max(0.0, jump_s)
    assert datetime.fromisoformat(over.ends_at).timestamp() <= WALL + 60.0 - ENDS_EARLIER_S


def test_label_without_a_text_is_left_out_as_alertmanager_does() -> None:
    where = Alertmanager(labels={"games": "", "site": "a"})
    writer = AlertWriter(where, fleet_of(ALONE), WallTime(0.0, WALL), str)

    labels = writer.labels_of(Push(key_of(incident()), incident(), 10.0, 120.0))

    assert labels["site"] == "a"
    assert all(labels.values())


@pytest.mark.parametrize(("lasted_s", "said_s"), [(100.0, 98.0), (1.0, 0.0)])
def test_end_is_said_a_little_earlier_but_not_before_the_start(
    lasted_s: float, said_s: float
) -> None:
    writer = AlertWriter(Alertmanager(), fleet_of(ALONE), WallTime(0.0, WALL), str)
    push = Push(key_of(incident()), incident(), 10.0, 10.0 + lasted_s, is_over=True)

    alert = writer.alert_of(push)

    starts_at, ends_at = map(datetime.fromisoformat, (alert.starts_at, alert.ends_at))
    assert (ends_at - starts_at).total_seconds() == said_s
