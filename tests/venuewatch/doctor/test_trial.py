"""A session that the doctor tries: what it asks for, and what it makes of each answer."""

from collections.abc import Sequence

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.protocol import PORTAL
from venuewatch.base.wire.framing import Framer
from venuewatch.doctor.trial import Talk, Who

HOST = Who("STA-1", "STA-1", b"secret", venue="STA", host="STA-1")
CENTRE = Who("venuewatch-doctor")
ACCEPTED = mqtt5.ConnAckPacket().write()
READ_ALL = (mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,) * 4


def said(talk: Talk) -> list[object]:
    return list(Framer().feed(talk.take()))


def suback(codes: Sequence[mqtt5.SubAckReasonCode] = READ_ALL) -> bytes:
    return mqtt5.SubAckPacket(1, list(codes)).write()


def opened(who: Who = HOST, answer: bytes = ACCEPTED) -> Talk:
    talk = Talk(who)
    talk.take()
    talk.receive(answer)
    return talk


def test_it_has_no_will_and_shows_no_life() -> None:
    talk = Talk(HOST)

    (connect,) = said(talk)
    talk.receive(ACCEPTED)
    subscribe, publish = said(talk)

    assert isinstance(connect, mqtt5.ConnectPacket)
    assert (connect.client_id, connect.will) == ("STA-1", None)
    assert isinstance(subscribe, mqtt5.SubscribePacket)
    assert isinstance(publish, mqtt5.PublishPacket)
    assert publish.topic == "venuewatch/v1/STA/STA-1/catalogue"
    assert not publish.retain


def test_the_centre_s_session_subscribes_to_nothing() -> None:
    talk = opened(CENTRE)

    assert talk.is_over
    assert said(talk) == []
    assert talk.trial.error == ""


def test_a_session_with_all_rights_is_over_with_both_answers() -> None:
    talk = opened()

    talk.receive(suback())
    before = talk.is_over
    talk.receive(mqtt5.PubAckPacket(2).write())

    assert (before, talk.is_over) == (False, True)
    assert (talk.trial.error, talk.trial.refused) == ("", ())


def test_topics_that_are_refused_are_named() -> None:
    refused = mqtt5.SubAckReasonCode.NOT_AUTHORIZED
    talk = opened()

    talk.receive(suback((*READ_ALL[:3], refused)))
    talk.receive(mqtt5.PubAckPacket(2, reason_code=mqtt5.PubAckReasonCode.NOT_AUTHORIZED).write())

    assert talk.trial.refused == (
        "venuewatch/v1/STA/STA-1/cmd",
        "venuewatch/v1/STA/STA-1/catalogue",
    )


def test_a_tick_is_heard() -> None:
    talk = opened()

    talk.receive(mqtt5.PublishPacket("venuewatch/v1/_centre/tick", b"{}").write())

    assert talk.trial.hears_tick


def test_what_the_broker_offers_is_kept() -> None:
    answer = mqtt5.ConnAckPacket(
        max_packet_size=2_000, retain_available=False, max_qos=mqtt5.QoS.AT_MOST_ONCE
    )

    trial = opened(answer=answer.write()).trial

    assert (trial.packet_bytes_max, trial.has_retain, trial.qos_max) == (2_000, False, 0)


def test_without_acknowledgements_nothing_is_published() -> None:
    answer = mqtt5.ConnAckPacket(max_qos=mqtt5.QoS.AT_MOST_ONCE)
    talk = opened(answer=answer.write())

    (subscribe,) = said(talk)
    talk.receive(suback())

    assert isinstance(subscribe, mqtt5.SubscribePacket)
    assert talk.is_over


def test_a_refusal_is_kept_by_the_name_of_its_reason() -> None:
    answer = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.NOT_AUTHORIZED)
    talk = opened(answer=answer.write())

    assert talk.is_over
    assert talk.trial.error == "NOT_AUTHORIZED"
    assert said(talk) == []


def test_a_broker_that_hangs_up_or_speaks_no_mqtt_is_told() -> None:
    assert opened(answer=b"").trial.error == "the broker hung up without a reason"
    assert "no MQTT" in opened(answer=b"SSH-2.0-OpenSSH_9.2\r\n" * 9).trial.error


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_web_server_in_the_broker_s_place_is_told(size: int) -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    talk = Talk(HOST)

    for at in range(0, len(answer), size):
        talk.receive(answer[at : at + size])
    talk.receive(b"")

    assert talk.trial.error == PORTAL


def test_a_broker_that_says_nothing_is_told() -> None:
    assert Talk(HOST).trial.error == "the broker accepted the connection and did not answer"


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_whatever_a_broker_sends_there_is_an_outcome(
    pieces: list[bytes],
    is_accepted: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    talk = opened() if is_accepted else Talk(HOST)

    for piece in pieces:
        talk.receive(piece)

    assert talk.trial.error.isprintable()
