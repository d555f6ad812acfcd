"""Tests of topic names: there and back, and reserved names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.topics import Address, Stream

names = st.from_regex(r"[A-Za-z0-9.-][A-Za-z0-9._-]{0,63}", fullmatch=True)
NOT_NAMES = ["", "_centre", "_", "a" * 65, "a b", "a/b", "a+", "#", "é", "a\n", "a\0", "\u0661"]


@given(names, names, st.sampled_from(Stream))
def test_a_topic_says_who_sent_what(venue: str, host: str, stream: Stream) -> None:
    assert topics.parse(topics.topic(venue, host, stream)) == Address(venue, host, stream)


@given(st.text() | st.builds("venuewatch/v1/{}/{}/{}".format, st.text(), st.text(), st.text()))
def test_any_topic_is_an_address_or_a_fault_with_a_reason(topic: str) -> None:
    address, reason = None, None
    try:
        address = topics.parse(topic)
    except MalformedMessageError as fault:
        reason = fault.reason

    if address is None:
        assert reason in {Reason.BAD_TOPIC, Reason.UNKNOWN_STREAM}
    else:
        assert topics.topic(*address) == topic


OURS = "venuewatch/v1/"


@pytest.mark.parametrize(
    "topic",
    [
        *("", "/", "a/" * 30_000),
        *(f"{OURS}STA/{rest}" for rest in ("alpha", "alpha/beat/", "alpha/beat/now", "/beat")),
        *("/venuewatch/v1/STA/alpha/beat", "venuewatch/v2/STA/alpha/beat"),
        *("Venuewatch/v1/STA/alpha/beat", f"{OURS}/alpha/beat", f"{OURS}_centre/alpha/beat"),
        *(f"{OURS}STA/{host}/beat" for host in ("_alpha", "alpha\n", 'al"pha', "x" * 65)),
        f"{OURS}STA/{'x' * 60_000}",
    ],
)
def test_a_hostile_topic_is_refused(topic: str) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        topics.parse(topic)

    assert refusal.value.reason is Reason.BAD_TOPIC


@pytest.mark.parametrize("stream", ["", "BEAT", "gossip"])
def test_an_unknown_stream_is_refused(stream: str) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        topics.parse(f"{OURS}STA/alpha/{stream}")

    assert refusal.value.reason is Reason.UNKNOWN_STREAM


@pytest.mark.parametrize("name", NOT_NAMES)
def test_what_is_no_name_gets_no_topic(name: str) -> None:
    assert not topics.is_name(name)
    with pytest.raises(ValueError, match="not a name"):
        topics.topic(name, "alpha", Stream.BEAT)
    with pytest.raises(ValueError, match="not a name"):
        topics.topic("STA", name, Stream.BEAT)
    with pytest.raises(ValueError, match="not a name"):
        topics.centre_state(name)
    with pytest.raises(ValueError, match="not a name"):
        topics.centre_tick(name)
    with pytest.raises(ValueError, match="not a name"):
        topics.centre_open(name)
    with pytest.raises(ValueError, match="not a name"):
        topics.venue_status(name)


@given(names)
def test_nobody_can_be_called_what_is_reserved(name: str) -> None:
    assert not topics.is_reserved(topics.topic(name, name, Stream.BEAT))
    assert topics.is_reserved(topics.centre_state(name))
    assert topics.is_reserved(topics.venue_status(name))


@given(names)
def test_topic_of_an_aggregator_tells_whose_it_is(name: str) -> None:
    assert topics.aggregator_of(topics.centre_open(name), "open") == name
    assert topics.aggregator_of(topics.centre_state(name), "open") is None


@pytest.mark.parametrize("topic", ["", topics.TICK, f"{OURS}_centre//open"])
def test_other_topics_are_no_aggregators(topic: str) -> None:
    assert topics.aggregator_of(topic, "open") is None


def test_what_the_centre_says_is_reserved() -> None:
    assert topics.is_reserved(topics.TICK)
    assert topics.is_reserved(topics.TICKS)
    assert topics.is_reserved(topics.CENTRE_STATES)


def matches(pattern: str, topic: str) -> bool:
    """Tell whether an MQTT topic filter matches (MQTT 5, 4.7.1)."""
    levels = pattern.replace("+", "[^/]*").removesuffix("/#")
    return re.fullmatch(levels + "(/.*)?" * pattern.endswith("/#"), topic) is not None


@given(names, names, st.sampled_from(Stream))
def test_one_subscription_hears_every_stream_of_every_host(
    venue: str, host: str, stream: Stream
) -> None:
    assert matches(topics.EVERYTHING_UPWARD, topics.topic(venue, host, stream))


@given(names)
def test_one_subscription_hears_every_aggregator(name: str) -> None:
    assert matches(topics.CENTRE_STATES, topics.centre_state(name))
    assert matches(topics.TICKS, topics.centre_tick(name))


@given(names)
def test_a_topic_says_which_aggregator_it_is_of(name: str) -> None:
    assert topics.aggregator_of(topics.centre_state(name), "state") == name
    assert topics.aggregator_of(topics.centre_tick(name), "tick") == name
    assert topics.aggregator_of(topics.centre_tick(name), "state") is None


@pytest.mark.parametrize(
    "topic",
    [topics.TICK, "_centre/a/tick", f"{OURS}_centre/a/b/tick", f"{OURS}_centre/_a/tick", ""],
)
def test_a_topic_of_no_aggregator_names_none(topic: str) -> None:
    assert topics.aggregator_of(topic, "tick") is None


levels = st.sampled_from(["", "a", "b", "$SYS", "+"])
patterns = st.lists(levels, min_size=1, max_size=4).flatmap(
    lambda some: st.sampled_from(["/".join(some), "/".join([*some, "#"]), "#"])
)


@given(patterns, st.lists(st.sampled_from(["", "a", "b", "$SYS"]), min_size=1, max_size=5))
def test_a_subscription_takes_what_another_client_says_it_takes(
    pattern: str, names: list[str]
) -> None:
    topic = "/".join(names)

    assert topics.matches(pattern, topic) is topic_matches_sub(pattern, topic)
