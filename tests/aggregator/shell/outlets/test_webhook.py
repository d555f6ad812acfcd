"""Webhook: each notice is sent until it is taken, and no secret is logged."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.notices.queue import NoticeQueue
from aggregator.core.outputs import Tell
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets import webhook as module
from aggregator.shell.outlets.webhook import notice_of
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.sending import sending, sent, where
from tests.kit.machine import WALL
from tests.kit.receiver import Answer, Receiver
from tests.kit.waiting import until


async def test_notices_of_an_incident_are_sent_in_order(receiver: Receiver) -> None:
    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1", "1-2")
        at_work.add("1-3")
        await at_work.until_settled(3)

    assert receiver.ids == at_work.settled == ["1-1", "1-2", "1-3"]
    assert receiver.most_at_once == 1
    assert (at_work.counted("delivered"), at_work.counted("pending")) == (3, 0)


async def test_a_notice_is_json_with_id_and_user_in_headers(receiver: Receiver) -> None:
    await sent(where(receiver.url.replace("//", "//me:s3cret@")), "7-2")

    (attempt,) = receiver.attempts
    assert attempt.path == "/notices"
    assert attempt.headers["Authorization"] == "Basic bWU6czNjcmV0"
    assert attempt.headers["Idempotency-Key"] == "7-2"
    assert attempt.headers["Content-Type"] == "application/json"
    assert attempt.headers["User-Agent"].startswith("venuewatch/")


LATER = [500, 502, 503, 401, 403, 404, 405, 408, 410, 429, 302, 307, "hang", "hang_up"]


@pytest.mark.parametrize("answer", LATER)
async def test_a_failed_notice_holds_up_no_other_incident(
    receiver: Receiver, answer: Answer
) -> None:
    receiver.answers += [answer]

    at_work = await sent(where(receiver.url), "1-1", "1-2", "2-1")

    assert receiver.ids[0] == "1-1"
    assert receiver.ids.index("2-1") < receiver.ids.index("1-1", 1) < receiver.ids.index("1-2")
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (3, 0)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_notice_is_dropped_and_told(
    receiver: Receiver, status: int, whys: Whys
) -> None:
    receiver.answers += [status, status]

    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1", "1-2", "1-3")
        await at_work.until_settled(3)
        await until(lambda: bool(at_work.wrong))

    why = f"it answers {status}: what it refuses is dropped"
    assert receiver.ids == at_work.settled == ["1-1", "1-2", "1-3"]
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (1, 2)
    assert whys("webhook_fails")[0] == why
    assert at_work.wrong == [f"webhook: {why}"]


async def test_a_receiver_that_comes_later_gets_every_notice(
    whys: Whys, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()

    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1", "1-2")
        await until(lambda: bool(caplog.records))
        waiting = at_work.counted("pending")
        await receiver.start()
        await at_work.until_settled(2)
    await receiver.stop()

    assert waiting == 2
    assert receiver.ids == ["1-1", "1-2"]
    assert whys("webhook_fails") == ["nothing listens there"]


async def test_the_token_is_read_anew_for_each_attempt(
    receiver: Receiver, tmp_path: Path, whys: Whys, caplog: pytest.LogCaptureFixture
) -> None:
    token = tmp_path / "token"

    async with sending(where(receiver.url, bearer_token_file=str(token))) as at_work:
        at_work.add("1-1")
        await until(lambda: bool(caplog.records))
        token.write_text("first\n")
        await at_work.until_settled(1)
        token.write_text("second\n")
        at_work.add("1-2")
        await at_work.until_settled(2)

    assert whys("webhook_fails") == [f"{token}: No such file or directory"]
    sent_with = [attempt.headers["Authorization"] for attempt in receiver.attempts]
    assert sent_with == ["Bearer first", "Bearer second"]


async def test_a_redirect_is_not_followed(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    async with Receiver.serving() as elsewhere:
        receiver.answers += [301, 308]
        receiver.location = elsewhere.url

        await sent(where(receiver.url, bearer_token_file=str(tmp_path / "token")), "1-1")

        assert elsewhere.attempts == []
        assert receiver.ids == ["1-1", "1-1", "1-1"]


@pytest.mark.parametrize("answer", [500, 404, 302, "hang", "hang_up", None])
async def test_no_secret_of_the_address_is_logged(
    receiver: Receiver, answer: Answer | None, whys: Whys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://user:s3cret@127.0.0.1:{receiver.port}/s3cret?key=s3cret"
    if answer is None:
        await receiver.stop()
    else:
        receiver.answers.append(answer)

    async with sending(where(url)) as at_work:
        at_work.add("1-1")
        await until(lambda: bool(whys("webhook_fails")))
        if answer is not None:
            await at_work.until_settled(1)

    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "s3cret" not in logged
    assert "'where': 'http://127.0.0.1'" in logged


async def test_waits_grow_and_each_trouble_is_logged_once(receiver: Receiver, whys: Whys) -> None:
    receiver.answers += [500, 500, 500, 503, 503, 503, 200, 500]

    at_work = await sent(where(receiver.url, retry_max_s=8.0), "1-1", "1-2")

    assert whys("webhook_fails") == ["it answers 500", "it answers 503", "it answers 500"]
    own, of_all = at_work.chance.ceilings[::2], at_work.chance.ceilings[1::2]
    assert own == of_all == [1, 2, 4, 8, 8, 8, 1]


async def test_a_full_queue_drops_repeats_first(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NoticeQueue", partial(NoticeQueue, waiting_max=3))
    receiver.answers.append("hang")

    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1")
        await receiver.until_attempts(1)
        at_work.add("1-2", "1-3", "1-4", "2-1")
        dropped, waiting = list(at_work.settled), at_work.counted("pending")
        await at_work.until_settled(5)
        await until(lambda: bool(at_work.wrong))

    assert (dropped, waiting) == (["1-2", "1-3"], 3)
    assert receiver.ids == ["1-1", "2-1", "1-1", "1-4"]
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (3, 2)
    assert at_work.wrong[0].startswith("webhook: too many notices wait")


async def test_a_pause_that_the_receiver_asks_for_is_kept(receiver: Receiver) -> None:
    receiver.answers += [429]
    receiver.headers = {"Retry-After": "1"}

    await sent(where(receiver.url), "1-1", "2-1")

    first, *others = receiver.attempts
    assert len(others) >= 2
    assert others[-1].at - first.at >= 0.9


async def test_a_secret_that_goes_bad_is_told_at_once(receiver: Receiver, tmp_path: Path) -> None:
    token = tmp_path / "token"

    async with sending(where(receiver.url, bearer_token_file=str(token))) as at_work:
        at_work.add("1-1")
        await until(lambda: bool(at_work.wrong))
        token.write_text("s3cret\n")
        await until(lambda: at_work.wrong[-1] == "well")

    assert at_work.wrong == [f"webhook: {token}: No such file or directory", "well"]
    assert receiver.ids == ["1-1"]


async def test_a_bug_in_one_attempt_ends_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def fails_once(*args: Any) -> float | None:
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError
        return None

    monkeypatch.setattr(module, "pause_s", fails_once)
    receiver.answers += [500]

    at_work = await sent(where(receiver.url), "1-1")

    assert at_work.counted("delivered") == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"change": "opened"}', b"[" * 100_000])
async def test_what_another_version_left_is_sent_as_it_is(receiver: Receiver, body: bytes) -> None:
    receiver.decode = bytes
    async with sending(where(receiver.url)) as at_work:
        at_work.webhook.add([Notice("7-2", body)])
        await at_work.until_settled(1)

    assert [attempt.body for attempt in receiver.attempts] == [body]


INCIDENT = Incident(7, Subject("host", "STA", "STA-1"), Cause.SILENT, 10.0)


async def test_a_notice_is_sent_for_each_tell_only(receiver: Receiver) -> None:
    sharpened = IncidentChanged(11.0, "sharpened", INCIDENT, 2)

    async with sending(where(receiver.url)) as at_work:
        at_work.webhook.take([sharpened, Tell(sharpened._replace(seq=3))])
        await at_work.until_settled(1)

    assert receiver.ids == ["7-3"]


def test_a_correction_makes_no_notice() -> None:
    corrected = IncidentChanged(11.0, "corrected", INCIDENT, 0)

    with pytest.raises(ValueError, match="not reported"):
        notice_of(corrected, WallTime(0.0, WALL), "centre", str)
