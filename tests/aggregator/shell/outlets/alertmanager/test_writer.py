"""Alerts as Alertmanager takes them: labels, texts, times and links."""

from aggregator.core.verdicts.causes import Cause
from tests.aggregator.shell.outlets.alertmanager.pusher import base, incident, pushing
from tests.kit.receiver import Receiver
from tests.kit.story import ALONE, fleet_of


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
        "description": "alpha in STA sends nothing, and no neighbour could tell why.",
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
