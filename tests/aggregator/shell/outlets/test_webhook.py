"""Whoever is to be told is told: in order, once it is there again, and nothing of our secrets."""

import asyncio
import contextlib
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
import pytest
import trustme

from aggregator.config import Notify
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets import webhook as notify
from aggregator.shell.outlets.webhook import Notifier, Result
from tests.aggregator.shell.mqtt.scripted_broker import Chance
from tests.aggregator.shell.outlets.receiver import Answer, Receiver
from venuewatch.base.config import ConfigError

TIMEOUT_S = 0.2


class Counts:
    """What became of notices, and how many wait."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.waiting = 0

    def settled(self, result: Result, count: int) -> None:
        self.results[result] += count

    def pending(self, count: int) -> None:
        self.waiting = count


class Told:
    """A notifier at work."""

    def __init__(self, where: Notify) -> None:
        self.counts = Counts()
        self.settled: list[str] = []
        self.chance = Chance()
        self.notifier = Notifier(where, self.settle, self.counts, rng=self.chance)

    def settle(self, ids: Sequence[str]) -> None:
        self.settled += ids

    def add(self, *names: str) -> None:
        self.notifier.add([notice(name) for name in names])

    async def all_settled(self, count: int) -> None:
        await until(lambda: len(self.settled) >= count)


Telling = Callable[[Notify], contextlib.AbstractAsyncContextManager[Told]]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is told has no event for it
            await asyncio.sleep(0.005)


def notice(name: str) -> Notice:
    return Notice(name, msgspec.json.encode({"id": name}))


def where(url: str, **more: str | float) -> Notify:
    return msgspec.convert({"webhook_url": url, "timeout_s": TIMEOUT_S, **more}, Notify)


@contextlib.asynccontextmanager
async def telling(where: Notify) -> AsyncIterator[Told]:
    told = Told(where)
    task = asyncio.create_task(told.notifier.run())
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.serving() as receiver:
        yield receiver


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return why telling failed, as it was logged."""
    return [
        record.__dict__["venuewatch_fields"]["why"]
        for record in caplog.records
        if record.getMessage() == "webhook_fails"
    ]


async def test_notices_are_told_in_their_order_and_one_at_a_time(receiver: Receiver) -> None:
    async with telling(where(receiver.url)) as told:
        told.add("1-1", "2-1")
        told.add("1-2")
        await told.all_settled(3)

    assert receiver.ids == told.settled == ["1-1", "2-1", "1-2"]
    assert receiver.most_at_once == 1
    assert (told.counts.results, told.counts.waiting) == ({"delivered": 3}, 0)


async def test_a_notice_is_json_and_names_itself_in_a_header(receiver: Receiver) -> None:
    async with telling(where(receiver.url)) as told:
        told.add("7-2")
        await told.all_settled(1)

    (heard,) = receiver.heard
    assert heard.path == "/told"
    assert heard.headers["Idempotency-Key"] == "7-2"
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["User-Agent"].startswith("venuewatch/")


@pytest.mark.parametrize("answer", [500, 502, 503, 408, 429, 302, 307, "hang", "hang_up"])
async def test_what_fails_is_tried_again_before_anything_else_is_told(
    receiver: Receiver, answer: Answer
) -> None:
    receiver.answers += [answer, answer]

    async with telling(where(receiver.url)) as told:
        told.add("1-1", "2-1")
        await told.all_settled(2)

    assert receiver.ids == ["1-1", "1-1", "1-1", "2-1"]
    assert told.counts.results == {"delivered": 2}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
async def test_what_is_refused_for_good_does_not_hold_up_the_others(
    receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers += [status, status]

    async with telling(where(receiver.url)) as told:
        told.add("1-1", "1-2", "2-1")
        await told.all_settled(3)

    assert receiver.ids == told.settled == ["1-1", "1-2", "2-1"]
    assert told.counts.results == {"dropped": 2, "delivered": 1}
    assert said(caplog) == [f"it answers {status}: what it refuses is dropped"]


async def test_a_receiver_that_comes_later_is_told_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()

    async with telling(where(receiver.url)) as told:
        told.add("1-1", "1-2")
        await until(lambda: bool(caplog.records))
        waiting = told.counts.waiting
        await receiver.start()
        await told.all_settled(2)
    await receiver.stop()

    assert waiting == 2
    assert receiver.ids == ["1-1", "1-2"]
    assert said(caplog) == ["nothing listens there"]


async def test_the_token_is_read_anew_for_each_attempt(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = tmp_path / "token"

    async with telling(where(receiver.url, bearer_token_file=str(token))) as told:
        told.add("1-1")
        await until(lambda: bool(caplog.records))
        token.write_text("first\n")
        await told.all_settled(1)
        token.write_text("second\n")
        told.add("1-2")
        await told.all_settled(2)

    assert said(caplog) == [f"{token}: No such file or directory"]
    told_with = [heard.headers["Authorization"] for heard in receiver.heard]
    assert told_with == ["Bearer first", "Bearer second"]


async def test_a_redirect_leads_the_token_nowhere(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    async with Receiver.serving() as elsewhere:
        receiver.answers += [301, 308]
        receiver.location = elsewhere.url

        async with telling(where(receiver.url, bearer_token_file=str(tmp_path / "token"))) as told:
            told.add("1-1")
            await told.all_settled(1)

        assert elsewhere.heard == []
        assert receiver.ids == ["1-1", "1-1", "1-1"]


@pytest.mark.parametrize("answer", [500, 404, 302, "hang", "hang_up", None])
async def test_no_secret_of_the_address_is_logged(
    receiver: Receiver, answer: Answer | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://user:s3cret@127.0.0.1:{receiver.port}/s3cret?key=s3cret"
    if answer is None:
        await receiver.stop()
    else:
        receiver.answers.append(answer)

    async with telling(where(url)) as told:
        told.add("1-1")
        await until(lambda: bool(said(caplog)))
        if answer is not None:
            await told.all_settled(1)

    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "s3cret" not in logged
    assert "'where': 'http://127.0.0.1'" in logged


async def test_a_user_in_the_address_is_sent(receiver: Receiver) -> None:
    async with telling(where(f"http://me:s3cret@127.0.0.1:{receiver.port}/")) as told:
        told.add("1-1")
        await told.all_settled(1)

    assert receiver.heard[0].headers["Authorization"] == "Basic bWU6czNjcmV0"


async def test_each_trouble_is_logged_once_until_it_changes(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers += [500, 500, 500, 503, 200, 500]

    async with telling(where(receiver.url)) as told:
        told.add("1-1", "1-2")
        await told.all_settled(2)

    assert said(caplog) == ["it answers 500", "it answers 503", "it answers 500"]


async def test_of_too_many_the_oldest_are_dropped_but_the_one_on_its_way(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PENDING_MAX", 3)
    receiver.answers.append("hang")

    async with telling(where(receiver.url)) as told:
        told.add("1-1")
        await receiver.told(1)
        told.add("2-1", "3-1", "4-1", "5-1")
        dropped, waiting = list(told.settled), told.counts.waiting
        await told.all_settled(5)

    assert (dropped, waiting) == (["2-1", "3-1"], 3)
    assert receiver.ids == ["1-1", "1-1", "4-1", "5-1"]
    assert told.counts.results == {"dropped": 2, "delivered": 3}


async def test_many_at_once_beyond_the_bound_leave_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notify, "PENDING_MAX", 2)
    told = Told(where("http://127.0.0.1:9/"))

    told.add("1-1", "2-1", "3-1", "4-1")

    assert told.settled == ["2-1", "3-1"]
    assert told.counts.waiting == 2


async def test_the_waits_between_attempts_have_the_ceiling_that_is_configured(
    receiver: Receiver,
) -> None:
    receiver.answers += [500] * 6

    async with telling(where(receiver.url, retry_max_s=8.0)) as told:
        told.add("1-1")
        await told.all_settled(1)

    assert told.chance.ceilings == [1, 2, 4, 8, 8, 8]


async def test_a_receiver_of_ones_own_authority_is_trusted_where_that_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ours.pem")
    stranger.cert_pem.write_to_path(tmp_path / "theirs.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)

    async with Receiver.serving(tls) as receiver:
        async with telling(where(receiver.url, ca_file=str(tmp_path / "theirs.pem"))) as told:
            told.add("1-1")
            await until(lambda: bool(said(caplog)))
        async with telling(where(receiver.url, ca_file=str(tmp_path / "ours.pem"))) as told:
            told.add("1-1")
            await told.all_settled(1)

    assert said(caplog)[0] == "its certificate is not trusted"
    assert receiver.ids == ["1-1"]


async def test_a_file_of_authorities_that_is_not_there_is_said_at_the_start(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=r"ca\.pem: No such file or directory"):
        Told(where("https://127.0.0.1:9/", ca_file=str(tmp_path / "ca.pem")))
