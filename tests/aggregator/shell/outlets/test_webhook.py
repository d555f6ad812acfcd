"""Webhook: each notice is sent in order, until it is taken, and no secret is logged."""

import logging
from pathlib import Path

import pytest

from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.outputs import Tell
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets import webhook as module
from aggregator.shell.outlets.webhook import notice_of
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.sending import sending, sent, where
from tests.kit.machine import WALL
from tests.kit.receiver import Answer, Receiver
from tests.kit.waiting import until


async def test_notices_are_sent_in_order_one_at_a_time(receiver: Receiver) -> None:
    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1", "2-1")
        at_work.add("1-2")
        await at_work.until_settled(3)

    assert receiver.ids == at_work.settled == ["1-1", "2-1", "1-2"]
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


@pytest.mark.parametrize("answer", [500, 502, 503, 408, 429, 302, 307, "hang", "hang_up"])
async def test_a_failed_notice_is_tried_again_before_others(
    receiver: Receiver, answer: Answer
) -> None:
    receiver.answers += [answer, answer]

    at_work = await sent(where(receiver.url), "1-1", "2-1")

    assert receiver.ids == ["1-1", "1-1", "1-1", "2-1"]
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (2, 0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
async def test_a_refused_notice_is_dropped_for_the_others(
    receiver: Receiver, status: int, whys: Whys
) -> None:
    receiver.answers += [status, status]

    at_work = await sent(where(receiver.url), "1-1", "1-2", "2-1")

    assert receiver.ids == at_work.settled == ["1-1", "1-2", "2-1"]
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (1, 2)
    assert whys("webhook_fails") == [f"it answers {status}: what it refuses is dropped"]


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
    assert at_work.chance.ceilings == [1, 2, 4, 8, 8, 8, 1]


async def test_a_full_queue_drops_the_oldest_that_wait(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PENDING_MAX", 3)
    receiver.answers.append("hang")

    async with sending(where(receiver.url)) as at_work:
        at_work.add("1-1")
        await receiver.until_attempts(1)
        at_work.add("2-1", "3-1", "4-1", "5-1")
        dropped, waiting = list(at_work.settled), at_work.counted("pending")
        await at_work.until_settled(5)

    assert (dropped, waiting) == (["2-1", "3-1"], 3)
    assert receiver.ids == ["1-1", "1-1", "4-1", "5-1"]
    assert (at_work.counted("delivered"), at_work.counted("dropped")) == (3, 2)


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
