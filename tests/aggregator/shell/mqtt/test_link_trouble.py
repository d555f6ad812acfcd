"""Link in trouble: each refusal, nonsense or silence is logged once, and tried again."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

import mqtt5
import pytest

from aggregator.config import Connection
from aggregator.core.outputs import Doubled
from aggregator.shell.mqtt import link as broker_module
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.mqtt.scripted_broker import Linked

Refusal = mqtt5.ConnAckReasonCode
Goodbye = mqtt5.DisconnectReasonCode
ADMITTED = mqtt5.ConnAckPacket().write()
NOT_GRANTED = mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]).write()


def refusal(code: Refusal) -> bytes:
    return mqtt5.ConnAckPacket(reason_code=code, reason_str="no entry").write()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refusal(Refusal.NOT_AUTHORIZED), "refused the connection: NOT_AUTHORIZED (no entry)"),
        (refusal(Refusal.BANNED), "refused the connection: BANNED (no entry)"),
        (ADMITTED + NOT_GRANTED, "refused the subscription: NOT_AUTHORIZED"),
        (b"\x20\x03\x00\xfe\x00", "a packet of type 2 is malformed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"<html>" * 20, "a packet of type 4 is malformed"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "a packet of type 1 is malformed"),
        (b"\xff" * 100, "expected a packet length of at most four bytes"),
        (mqtt5.PubRecPacket(1).write(), "an unexpected PubRecPacket"),
        (mqtt5.AuthPacket().write(), "an unexpected AuthPacket"),
        (mqtt5.ConnectPacket("you too").write(), "an unexpected ConnectPacket"),
    ],
)
async def test_a_bad_answer_is_logged_once_and_tried_again(
    linked: Linked, whys: Whys, answer: bytes, why: str
) -> None:
    async with linked():
        for _ in range(3):
            peer = await linked.peer()
            await peer.receive(mqtt5.ConnectPacket)
            peer.send(answer)
            await peer.is_gone()
        await linked.peer()

    (logged,) = whys("broker_unreachable")
    assert why in logged
    assert linked.notes.log == []


@pytest.mark.parametrize("code", [Goodbye.SERVER_SHUTTING_DOWN, Goodbye.SESSION_TAKEN_OVER])
async def test_a_broker_that_disconnects_us_is_lost_until_reconnected(
    linked: Linked, whys: Whys, code: Goodbye
) -> None:
    async with linked() as link:
        peer = await (await linked.peer()).admit()
        await linked.notes.noted("opened")
        peer.send(mqtt5.DisconnectPacket(reason_code=code).write())
        await linked.notes.noted("lost")
        is_subscribed = link.is_subscribed
        await (await linked.peer()).admit()
        await linked.notes.noted("opened", 2)

    assert not is_subscribed
    assert [call for call, _ in linked.notes.log][:3] == ["opened", "lost", "opened"]
    assert whys("broker_lost") == [f"the broker disconnected us: {code.name}"]
    assert linked.chance.ceilings == [1.0]


async def taken_over(linked: Linked, times: int, *, is_told: bool = True) -> None:
    """Admit the link and throw it out again, so many times; 2.0.11 does not tell why."""
    for time in range(times):
        peer = await (await linked.peer()).admit()
        await linked.notes.noted("opened", time + 1)
        if is_told:
            peer.send(mqtt5.DisconnectPacket(reason_code=Goodbye.SESSION_TAKEN_OVER).write())
        else:
            peer.hang_up()
        await linked.notes.noted("lost", time + 1)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "as Mosquitto 2.0.11"])
async def test_a_duel_with_a_stranger_waits_at_the_ceiling(
    linked: Linked, *, is_told: bool
) -> None:
    async with linked():
        await taken_over(linked, 3, is_told=is_told)
        await linked.chance.asked(3)

    assert linked.chance.ceilings == [1.0, 10.0, 10.0]
    assert (("lost", "taken over") in linked.notes.log) is is_told


@pytest.mark.parametrize(
    ("yields", "ceilings"), [(True, [120.0]), (False, [1.0, 1.0]), (None, [1.0, 10.0])]
)
async def test_of_two_of_one_name_only_the_younger_waits(
    linked: Linked, *, yields: bool | None, ceilings: list[float]
) -> None:
    async with linked() as link:
        link.note_double(Doubled(0.0, "live", yields, 240.0, until=inf))
        await taken_over(linked, len(ceilings))
        await linked.chance.asked(len(ceilings))

    assert linked.chance.ceilings == ceilings


@pytest.mark.parametrize(("yields", "ceilings"), [(True, [1.0, 120.0]), (False, [1.0])])
async def test_a_link_that_learns_of_another_while_it_waits_waits_on(
    linked: Linked, monkeypatch: pytest.MonkeyPatch, *, yields: bool, ceilings: list[float]
) -> None:
    choose = linked.chance.uniform
    async with linked() as link:

        def choose_and_learn(least: float, most: float) -> float:
            link.note_double(Doubled(0.0, "live", yields, 240.0, until=inf))
            return 0.0 * choose(least, most)

        monkeypatch.setattr(linked.chance, "uniform", choose_and_learn)
        monkeypatch.setattr(asyncio, "sleep", at_once(asyncio.sleep))
        await taken_over(linked, 1)
        await linked.peer()

    assert linked.chance.ceilings == ceilings


def at_once(sleep: Callable[[float], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
    async def soon(_seconds: float) -> None:
        await sleep(0.0)

    return soon


async def test_a_double_that_is_over_is_forgotten(linked: Linked) -> None:
    async with linked() as link:
        link.note_double(Doubled(0.0, "live", yields=True, wait_s=240.0, until=0.0))
        await taken_over(linked, 1)
        await linked.chance.asked(1)

    assert linked.chance.ceilings == [1.0]


async def test_a_broker_that_never_answers_is_left(
    linked: Linked, whys: Whys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "CONNECT_TIMEOUT_S", 0.05)  # or the test takes 20 s

    async with linked():
        for _ in range(2):
            await (await linked.peer()).is_gone()
        await linked.peer()

    assert whys("broker_unreachable") == ["no answer in time"]


async def test_logs_and_waits_begin_again_after_a_connection(linked: Linked, whys: Whys) -> None:
    busy, banned = refusal(Refusal.SERVER_BUSY), refusal(Refusal.BANNED)

    async with linked():
        for answer in (busy, busy, banned, busy, None, busy):
            peer = await linked.peer()
            if answer is None:
                await peer.admit()
                await linked.notes.noted("opened")
                peer.hang_up()
            else:
                await peer.receive(mqtt5.ConnectPacket)
                peer.send(answer)
        await linked.peer()

    named = [why.split()[-3] for why in whys("broker_unreachable")]
    assert named == ["SERVER_BUSY", "BANNED", "SERVER_BUSY", "SERVER_BUSY"]
    assert linked.chance.ceilings == [1.0, 2.0, 2.0, 2.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (Connection(port=9), "nothing listens at 127.0.0.1:9: is the broker running?"),
        (Connection(address="a..b"), "not a host name"),
        (Connection(address="x" * 64), "not a host name"),
        (Connection(username="us", password_file="/x"), "/x: No such file or directory"),  # noqa: S106
    ],
)
async def test_an_attempt_that_fails_is_logged_once_and_repeated(
    linked: Linked, whys: Whys, where: Connection, why: str
) -> None:
    async with linked(where):
        await linked.chance.asked(6)

    (logged,) = whys("broker_unreachable")
    assert why in logged
    assert linked.chance.ceilings[:6] == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]


async def test_each_refusal_is_told_in_words_and_no_other_failure(linked: Linked) -> None:
    async with linked():
        for _ in range(2):
            peer = await linked.peer()
            await peer.receive(mqtt5.ConnectPacket)
            peer.send(refusal(Refusal.NOT_AUTHORIZED))
        (await linked.peer()).hang_up()
        await linked.peer()

    *refused, closed = linked.notes.refusals
    assert len(refused) == 2
    assert all("NOT_AUTHORIZED (no entry)" in why for why in refused)
    assert "the broker closed the connection" in closed


async def test_broker_that_is_not_there_has_refused_nothing(linked: Linked) -> None:
    async with linked(Connection(port=9)):
        await linked.chance.asked(3)

    assert linked.notes.refusals == []
