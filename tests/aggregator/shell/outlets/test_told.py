"""Tellings: the one that was told of an incident, and what the answer was."""

from collections.abc import Sequence

import pytest

from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets.webhook import notice_of
from aggregator.shell.told import INCIDENTS_MAX, TELLINGS_MAX, Telling, Told
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.outlets.alertmanager.pusher import base, pushing
from tests.aggregator.shell.outlets.sending import sending, where
from tests.kit.machine import WALL
from tests.kit.receiver import Answer, Receiver
from tests.kit.waiting import until

INCIDENT = Incident(7, Subject("host", "STA", "alpha"), Cause.SILENT, 10.0)
OPENED = IncidentChanged(12.0, "opened", INCIDENT, 1)


def answers(told: Told, number: int = INCIDENT.number) -> list[tuple[str, str]]:
    return [(telling.said, telling.answer) for telling in told.of(number)]


def notice() -> Notice:
    return notice_of(OPENED, WallTime(0.0, WALL), "centre", str)


@pytest.mark.parametrize(
    ("given", "noted"),
    [
        ([200], ["it was taken (200)"]),
        ([204], ["it was taken (204)"]),
        ([422], ["it was refused (422), and is not tried again"]),
        ([503, 200], ["it answers 503; it is tried again", "it was taken (200)"]),
        ([503, 503, 200], ["it answers 503; it is tried again", "it was taken (200)"]),
        (["hang_up", 200], [None, "it was taken (200)"]),
    ],
    ids=str,
)
async def test_answer_of_a_webhook_is_noted_for_its_incident(
    receiver: Receiver, given: Sequence[Answer], noted: list[str | None]
) -> None:
    receiver.answers += given

    async with sending(where(receiver.url, timeout_s=20.0)) as at_work:
        at_work.webhook.add([notice()])
        await at_work.until_settled(1)

    found = answers(at_work.told)
    assert [said for said, _ in found] == ["opened"] * len(noted)
    assert {telling.to for telling in at_work.told.of(INCIDENT.number)} == {"webhook"}
    for (_, answer), expected in zip(found, noted, strict=True):
        assert answer == expected or (expected is None and answer.endswith("it is tried again"))


async def test_notice_of_another_version_is_sent_and_noted_nowhere(receiver: Receiver) -> None:
    async with sending(where(receiver.url, timeout_s=20.0)) as at_work:
        at_work.webhook.add([Notice("1-1", b'{"id": "1-1"}')])  # no change and no incident
        await at_work.until_settled(1)

    assert receiver.ids == ["1-1"]
    assert at_work.told.of(1) == ()


@pytest.mark.parametrize(
    ("given", "noted"),
    [
        ([200], ["it was taken (200)"]),
        ([400], ["it was refused (400), and is not tried again"]),
        ([500, 200], ["it answers 500; it is tried again", "it was taken (200)"]),
    ],
    ids=str,
)
async def test_answer_of_an_alertmanager_is_noted_for_its_incident(
    receiver: Receiver, given: Sequence[Answer], noted: list[str]
) -> None:
    receiver.answers += given

    async with pushing(base(receiver), timeout_s=20.0) as pusher:
        pusher.change("opened", INCIDENT)
        await until(lambda: len(pusher.told.of(INCIDENT.number)) == len(noted))

    assert answers(pusher.told) == [("firing, silent", answer) for answer in noted]
    (place,) = {telling.to for telling in pusher.told.of(INCIDENT.number)}
    assert place == f"alertmanager {pusher.queue.place}"


async def test_end_of_an_alert_is_noted_beside_its_beginning(receiver: Receiver) -> None:
    async with pushing(base(receiver), timeout_s=20.0) as pusher:
        pusher.add(7)
        await until(lambda: bool(pusher.told.of(7)))
        pusher.add(7, is_over=True, ends_at=21.0)
        await until(lambda: len(pusher.told.of(7)) > 1)

    taken = "it was taken (200)"
    assert answers(pusher.told, 7) == [("firing, silent", taken), ("over", taken)]


def test_memory_of_who_was_told_is_bounded() -> None:
    told = Told()

    for number in range(INCIDENTS_MAX + 5):
        told.note(number, Telling(1.0, "webhook", "opened", "it was taken (200)"))
    for at in range(TELLINGS_MAX + 5):
        told.note(INCIDENTS_MAX, Telling(float(at), "webhook", "sharpened", f"answer {at}"))

    assert told.of(4) == ()
    assert len(told.of(5)) == 1
    assert len(told.of(INCIDENTS_MAX)) == TELLINGS_MAX
