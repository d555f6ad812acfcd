"""Link in trouble: each refusal, nonsense or silence is logged once, and tried again."""

from pathlib import Path

import mqtt5
import pytest

from aggregator.config import Broker
from aggregator.shell.mqtt import link as broker_module
from tests.aggregator.shell.mqtt.scripted_broker import Chance, Linked, Notes, ScriptedBroker

Refusal = mqtt5.ConnAckReasonCode
Goodbye = mqtt5.DisconnectReasonCode


def whys(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    """Return why, each time that this event was logged."""
    return [
        getattr(record, "venuewatch_fields", {}).get("why", "")
        for record in caplog.records
        if record.getMessage() == event
    ]


@pytest.mark.parametrize(
    "code",
    [
        Refusal.BAD_USER_NAME_OR_PASSWORD,
        Refusal.NOT_AUTHORIZED,
        Refusal.SERVER_UNAVAILABLE,
        Refusal.BANNED,
        Refusal.CLIENT_ID_NOT_VALID,
    ],
    ids=lambda code: code.name.lower(),
)
async def test_a_refused_connection_is_tried_again_and_logged_once(
    broker: ScriptedBroker,
    linked: Linked,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
    code: Refusal,
) -> None:
    async with linked():
        for _ in range(4):
            peer = await broker.peer()
            await peer.receive(mqtt5.ConnectPacket)
            peer.send(mqtt5.ConnAckPacket(reason_code=code, reason_str="no entry").write())
            await peer.is_gone()
        await broker.peer()

    expected = f"the broker refused the connection: {code.name} (no entry)"
    assert whys(caplog, "broker_unreachable") == [expected]
    assert notes.log == []


async def test_a_refused_subscription_is_tried_again_and_logged_once(
    broker: ScriptedBroker, linked: Linked, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    async with linked():
        for _ in range(3):
            peer = await broker.peer()
            await peer.admit(granted=mqtt5.SubAckReasonCode.NOT_AUTHORIZED)
            await peer.is_gone()
        await broker.peer()

    expected = "the broker refused the subscription: NOT_AUTHORIZED"
    assert whys(caplog, "broker_unreachable") == [expected]
    assert notes.log == []


@pytest.mark.parametrize(
    "answer",
    [
        b"\x20\x03\x00\xfe\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"<html>" * 20,
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"\xff" * 100,
        mqtt5.PubRecPacket(1).write(),
        mqtt5.AuthPacket().write(),
        mqtt5.ConnectPacket("you too").write(),
    ],
    ids=["an unknown code", "HTTP", "TLS", "noise", "PUBREC", "AUTH", "CONNECT"],
)
async def test_a_peer_that_is_no_broker_is_tried_again(
    broker: ScriptedBroker, linked: Linked, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    async with linked():
        for _ in range(3):
            peer = await broker.peer()
            await peer.receive(mqtt5.ConnectPacket)
            peer.send(answer)
            await peer.is_gone()
        await broker.peer()

    assert len(whys(caplog, "broker_unreachable")) == 1


@pytest.mark.parametrize(
    "code",
    [Goodbye.SERVER_SHUTTING_DOWN, Goodbye.SESSION_TAKEN_OVER, Goodbye.KEEP_ALIVE_TIMEOUT],
    ids=lambda code: code.name.lower(),
)
async def test_a_broker_that_disconnects_us_is_lost_until_reconnected(
    broker: ScriptedBroker,
    linked: Linked,
    notes: Notes,
    caplog: pytest.LogCaptureFixture,
    code: Goodbye,
) -> None:
    async with linked() as link:
        peer = await (await broker.peer()).admit()
        await notes.noted("opened")
        peer.send(mqtt5.DisconnectPacket(reason_code=code).write())
        await notes.noted("lost")
        is_subscribed = link.is_subscribed
        await (await broker.peer()).admit()
        await notes.noted("opened", 2)

    assert not is_subscribed
    assert [call for call, _ in notes.log][:3] == ["opened", "lost", "opened"]
    assert whys(caplog, "broker_lost") == [f"the broker disconnected us: {code.name}"]


async def test_a_broker_that_never_answers_is_left(
    broker: ScriptedBroker,
    linked: Linked,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(broker_module, "CONNECT_TIMEOUT_S", 0.05)  # or the test takes 20 s

    async with linked():
        for _ in range(2):
            await (await broker.peer()).is_gone()
        await broker.peer()

    assert whys(caplog, "broker_unreachable") == ["no answer in time"]


async def test_a_closed_port_is_tried_again_and_logged_once(
    linked: Linked, chance: Chance, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    async with linked(Broker(port=unused_tcp_port)):
        await chance.asked(6)

    why = f"nothing listens at 127.0.0.1:{unused_tcp_port}: is the broker running?"
    assert whys(caplog, "broker_unreachable") == [why]
    assert chance.ceilings[:6] == [1.0, 2.0, 2.0, 2.0, 2.0, 2.0]


async def test_a_lost_broker_is_tried_again_within_a_second(
    broker: ScriptedBroker, linked: Linked, notes: Notes, chance: Chance
) -> None:
    async with linked():
        for times in range(1, 4):
            peer = await (await broker.peer()).admit()
            await notes.noted("opened", times)
            peer.hang_up()
        await broker.peer()

    assert chance.ceilings == [1.0, 1.0, 1.0]


async def test_a_session_taken_over_is_tried_again_slowly(
    broker: ScriptedBroker, linked: Linked, notes: Notes, chance: Chance
) -> None:
    async with linked():
        peer = await (await broker.peer()).admit()
        await notes.noted("opened")
        peer.send(mqtt5.DisconnectPacket(reason_code=Goodbye.SESSION_TAKEN_OVER).write())
        await broker.peer()

    assert chance.ceilings == [10.0]


async def test_a_trouble_that_changes_is_logged_again(
    broker: ScriptedBroker, linked: Linked, caplog: pytest.LogCaptureFixture
) -> None:
    troubles = [Refusal.SERVER_BUSY, Refusal.SERVER_BUSY, Refusal.BANNED, Refusal.SERVER_BUSY]

    async with linked():
        for code in troubles:
            peer = await broker.peer()
            await peer.receive(mqtt5.ConnectPacket)
            peer.send(mqtt5.ConnAckPacket(reason_code=code).write())
        await broker.peer()

    named = [why.rpartition(": ")[2] for why in whys(caplog, "broker_unreachable")]
    assert named == ["SERVER_BUSY", "BANNED", "SERVER_BUSY"]


async def test_a_trouble_after_a_good_connection_is_logged_again(
    broker: ScriptedBroker, linked: Linked, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    busy = mqtt5.ConnAckPacket(reason_code=Refusal.SERVER_BUSY).write()

    async with linked():
        for times in (1, 2):
            refused = await broker.peer()
            await refused.receive(mqtt5.ConnectPacket)
            refused.send(busy)
            admitted = await (await broker.peer()).admit()
            await notes.noted("opened", times)
            admitted.hang_up()
        await broker.peer()

    assert len(whys(caplog, "broker_unreachable")) == 2


@pytest.mark.parametrize("address", ["a..b", "x" * 64], ids=["empty label", "long label"])
async def test_an_invalid_address_does_not_end_the_link(
    linked: Linked, chance: Chance, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    async with linked(Broker(address=address)):
        await chance.asked(2)

    assert len(whys(caplog, "broker_unreachable")) == 1


async def test_a_missing_password_file_is_tried_again_and_logged_once(
    linked: Linked, chance: Chance, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    secret = str(tmp_path / "password")

    async with linked(Broker(username="centre", password_file=secret)):
        await chance.asked(3)

    assert whys(caplog, "broker_unreachable") == [f"{secret}: No such file or directory"]
