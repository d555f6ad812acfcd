"""Queues: each Alertmanager gets the latest of each alert, and none keeps it from another."""

from functools import partial

import msgspec
import pytest

from aggregator.core.incidents.record import Subject
from aggregator.core.notices.alerts import AlertsQueue
from aggregator.shell.outlets import receivers
from aggregator.shell.outlets.alertmanager import queue as module
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.alertmanager.pusher import (
    Pusher,
    base,
    hosts,
    incident,
    push,
    pushing,
)
from tests.kit.receiver import Answer, Receiver, timeout_s_for
from tests.kit.waiting import until


async def test_each_of_several_gets_every_alert_though_one_hangs(receiver: Receiver) -> None:
    async with Receiver.serving() as slow:
        slow.usual = "hang"
        async with pushing(base(slow), base(receiver)) as pusher:
            for number in range(1, 4):
                pusher.change("opened", incident(number, subject=Subject("venue", f"V{number}")))
                await receiver.until_attempts(number)
            await until(lambda: pusher.counted("sent", 1) == 3)
            waiting = pusher.counted("pending")

    assert [sent.body[0]["labels"]["venue"] for sent in receiver.attempts] == ["V1", "V2", "V3"]
    assert waiting == 3


async def test_newer_state_replaces_what_waits(receiver: Receiver) -> None:
    receiver.answers += ["hang"]

    async with pushing(base(receiver), timeout_s=timeout_s_for("hang")) as pusher:
        pusher.add(1, 2)
        await receiver.until_attempts(1)
        pusher.add(1, is_over=True, ends_at=21.0)
        await until(lambda: pusher.queue.pending == 0)

    assert hosts(receiver)[0] == ["h1", "h2"]
    later = [alert for attempt in receiver.attempts[1:] for alert in attempt.body]
    ends = {alert["labels"]["host"]: alert["endsAt"] for alert in later}
    assert len(later) == 2
    assert ends["h1"] == "2027-01-15T08:00:19.000+00:00"
    assert (pusher.counted("sent"), pusher.counted("dropped")) == (2, 0)


async def test_change_during_a_request_is_pushed_after_it(receiver: Receiver) -> None:
    async with pushing(base(receiver), timeout_s=5.0) as pusher:
        pusher.add(1)
        await until(lambda: receiver.at_once == 1 or bool(receiver.attempts))
        pusher.add(1, is_over=True, ends_at=11.0)
        await receiver.until_attempts(2)

    assert len(receiver.attempts[1].body) == 1


LATER = [500, 502, 503, 401, 403, 404, 405, 408, 429, 302, 307, "hang", "hang_up"]


@pytest.mark.parametrize("answer", LATER)
async def test_failed_request_is_tried_again(receiver: Receiver, answer: Answer) -> None:
    receiver.answers += [answer, answer]

    async with pushing(base(receiver), timeout_s=timeout_s_for(answer)) as pusher:
        pusher.add(1)
        await until(lambda: pusher.counted("sent") == 1)

    assert hosts(receiver) == [["h1"]] * 3
    assert (pusher.counted("dropped"), pusher.counted("pending")) == (0, 0)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_refused_alerts_are_dropped_counted_and_logged_once(
    receiver: Receiver, status: int, whys: Whys
) -> None:
    receiver.answers += [status, status]

    async with pushing(base(receiver)) as pusher:
        for number in (1, 2, 3):
            pusher.add(number)
            await receiver.until_attempts(number)
        await until(lambda: pusher.counted("sent") == 1)

    assert pusher.counted("dropped") == 2
    assert whys("alertmanager_fails") == [f"it answers {status}: what it refuses is dropped"]


async def test_waits_grow_and_each_trouble_is_logged_once(receiver: Receiver, whys: Whys) -> None:
    receiver.answers += [500, 500, 500, 503]

    async with pushing(base(receiver), retry_max_s=2.0) as pusher:
        pusher.add(1)
        await until(lambda: pusher.counted("sent") == 1)

    assert whys("alertmanager_fails") == ["it answers 500", "it answers 503"]
    assert pusher.chance.ceilings == [1, 2, 2, 2]


async def test_many_alerts_go_in_several_requests(receiver: Receiver) -> None:
    async with pushing(base(receiver)) as pusher:
        pusher.add(*range(450))
        await until(lambda: pusher.counted("sent") == 450)

    assert [len(sent.body) for sent in receiver.attempts] == [200, 200, 50]
    assert receiver.most_at_once == 1


async def test_full_queue_drops_some_and_says_so(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, whys: Whys
) -> None:
    monkeypatch.setattr(module, "AlertsQueue", partial(AlertsQueue, pending_max=3))

    async with pushing(base(receiver)) as pusher:
        pusher.add(*range(5))
        await until(lambda: pusher.counted("sent") == 3)

    assert pusher.counted("dropped") == 2
    assert whys("alertmanager_fails") == ["more than 50000 alerts wait: the loudest lose some"]


async def test_an_alertmanager_that_fails_for_long_is_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "FAILING_S", 0.1)
    receiver.usual = 401

    async with pushing(base(receiver)) as pusher:
        pusher.add(1)
        await until(lambda: bool(pusher.wrong))
        receiver.usual = 200
        await until(lambda: pusher.wrong[-1] == "well")

    assert pusher.wrong == [f"alertmanager 127.0.0.1:{receiver.port}: it answers 401", "well"]


async def test_alert_that_waited_beyond_its_end_is_not_pushed(receiver: Receiver) -> None:
    async with pushing(base(receiver)) as pusher:
        pusher.add(1, ends_at=-1.0)
        pusher.add(2, ends_at=-1.0, is_over=True)
        await until(lambda: pusher.queue.pending == 0)

    assert hosts(receiver) == [["h2"]]


async def test_conditional_alert_is_pushed_only_where_it_is_firing(receiver: Receiver) -> None:
    async with pushing(base(receiver)) as pusher:
        known = pusher.outlet.writer.labels_of(push(1))
        receiver.listed = [{"labels": known, "status": {"state": "suppressed"}}]
        pusher.add(1, 2, is_conditional=True)
        pusher.add(3)
        await until(lambda: pusher.queue.pending == 0)

    assert hosts(receiver) == [["h3"], ["h1"]]
    assert (pusher.counted("sent"), pusher.counted("dropped")) == (2, 0)


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (500, "asked for its alerts, it answers 500"),
        ({"no": "list"}, "expected a list of alerts, got something else"),
        ([{"labels": 5}], "expected a list of alerts, got something else"),
        (
            msgspec.Raw(b'[{"labels":{"a":"\xff"}}]'),
            "expected a list of alerts, got something else",
        ),
        (
            msgspec.Raw(b'[{"new":' + b"[" * 100_000),
            "expected a list of alerts, got something else",
        ),
    ],
)
async def test_condition_is_asked_again_after_no_answer(
    receiver: Receiver, listed: object, why: str, whys: Whys
) -> None:
    receiver.listed = listed

    async with pushing(base(receiver)) as pusher:
        pusher.add(1, is_conditional=True)
        await until(lambda: bool(whys("alertmanager_fails")))
        receiver.listed = []
        await until(lambda: pusher.queue.pending == 0)

    assert whys("alertmanager_fails") == [why]
    assert receiver.attempts == []


async def test_list_of_alerts_is_bounded(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, whys: Whys
) -> None:
    monkeypatch.setattr(module, "ANSWER_BYTES_MAX", 100)
    receiver.listed = ["x" * 100]

    async with pushing(base(receiver)) as pusher:
        pusher.add(1, is_conditional=True)
        await until(lambda: bool(whys("alertmanager_fails")))

    assert whys("alertmanager_fails") == ["its list of alerts is too long"]


@pytest.mark.parametrize("listed", [403, {"no": "list"}])
async def test_news_do_not_wait_for_an_answer_about_others(
    receiver: Receiver, listed: object
) -> None:
    receiver.listed = listed

    async with pushing(base(receiver)) as pusher:
        pusher.add(1, is_conditional=True)
        pusher.add(2)
        await receiver.until_attempts(1)

    assert hosts(receiver) == [["h2"]]


async def test_trouble_after_a_good_answer_is_logged_again(receiver: Receiver, whys: Whys) -> None:
    async with pushing(base(receiver)) as pusher:
        for number in (1, 2):
            receiver.listed = 503
            pusher.add(number, is_conditional=True)
            await pusher.chance.asked(number)
            receiver.listed = []
            await until(lambda: pusher.queue.pending == 0)

    assert whys("alertmanager_fails") == ["asked for its alerts, it answers 503"] * 2


def test_alertmanagers_behind_one_proxy_are_counted_apart() -> None:
    paths = ("first", "second")
    pusher = Pusher(*(f"http://127.0.0.1:9/{path}" for path in paths), "http://127.0.0.2:9")

    assert [pusher.counted("pending", at) for at in range(3)] == [0, 0, 0]
    assert [queue.place for queue in pusher.outlet.queues] == [
        "127.0.0.1:9 (1)",
        "127.0.0.1:9 (2)",
        "127.0.0.2:9",
    ]
