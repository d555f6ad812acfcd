"""The shipped ACL, on the real broker: who may say and hear what."""

import pytest

from tests.deploy.brokers import (
    ACCEPTED,
    BRIDGE,
    BRIDGE_STATE,
    BULK,
    HOST,
    NAME,
    NEIGHBOUR,
    REFUSED,
    UPWARD,
    Centre,
)
from tests.deploy.peer import Peer
from venuewatch.base.wire import topics

pytestmark = pytest.mark.real


@pytest.mark.parametrize("stream", UPWARD)
def test_a_host_may_speak_on_each_of_its_own_streams(
    aggregator: Peer, host: Peer, stream: str
) -> None:
    topic = f"venuewatch/v1/STA/{HOST}/{stream}"
    aggregator.listen(topic)

    answer = host.say(topic, b"own")

    assert answer in ACCEPTED
    assert aggregator.hear() == (topic, b"own", False)


@pytest.mark.parametrize(
    "topic",
    [
        *(f"venuewatch/v1/STA/{NEIGHBOUR}/{stream}" for stream in UPWARD),
        *(f"venuewatch/v1/_centre/{HOST}/{stream}" for stream in UPWARD),
        f"venuewatch/v1/STA/{HOST}/cmd",
        f"venuewatch/v1/STA/{HOST}/other",
        f"venuewatch/v1/STA/{HOST}/beat/deeper",
        f"venuewatch/v2/STA/{HOST}/beat",
        topics.TICK,
        topics.centre_tick(HOST),
        topics.centre_tick(NAME),
        topics.centre_state(HOST),
        topics.centre_state(NAME),
        "venuewatch/v1/_status/STA",
        "venuewatch/v1/_bridge/STA",
        "somewhere/else",
    ],
)
def test_what_a_host_may_not_say_is_refused_and_nobody_hears_it(
    centre: Centre, host: Peer, topic: str
) -> None:
    own = f"venuewatch/v1/STA/{HOST}/beat"
    with Peer(centre.port, "witness") as witness:
        witness.listen(topic)
        witness.listen(own)

        answers = host.say(topic, b"forbidden"), host.say(own, b"allowed")

        assert answers == (REFUSED, 0)
        assert witness.hear() == (own, b"allowed", False)


def test_a_refused_will_is_never_heard_and_an_own_one_is(centre: Centre) -> None:
    stolen = f"venuewatch/v1/STA/{NEIGHBOUR}/death"
    own = f"venuewatch/v1/STA/{HOST}/death"
    with Peer(centre.port, "witness") as witness:
        witness.listen(stolen)
        witness.listen(own)
        with centre.peer(HOST, will=stolen), centre.peer(HOST, will=own) as crashing:
            # The second connection took the first's place: that is when the first's will goes out.
            crashing.vanish()

            assert witness.hear() == (own, b"lost", False)


def test_a_host_hears_its_own_commands_and_the_centre_and_nobody_else(
    aggregator: Peer, host: Peer
) -> None:
    host.listen("#")
    topics_said = [
        f"venuewatch/v1/STA/{NEIGHBOUR}/cmd",
        "venuewatch/v1/_status/STA",
        f"venuewatch/v1/_centre/{NAME}/open",
        topics.TICK,
        topics.centre_tick(NAME),
        topics.centre_state(NAME),
        f"venuewatch/v1/STA/{HOST}/cmd",
    ]

    answers = [aggregator.say(topic) for topic in topics_said]

    assert set(answers) <= set(ACCEPTED)
    assert [host.hear()[0] for _ in topics_said[3:]] == topics_said[3:]


def test_the_aggregator_hears_its_own_tick_come_back(aggregator: Peer) -> None:
    tick = topics.centre_tick(NAME)
    aggregator.listen(tick)

    answer = aggregator.say(tick, b"1", qos=0)

    assert answer == 0
    assert aggregator.hear() == (tick, b"1", False)


def test_the_aggregator_hears_of_every_bridge(centre: Centre, aggregator: Peer) -> None:
    aggregator.listen("venuewatch/v1/_bridge/+")

    with centre.peer(BRIDGE) as bridge:
        bridge.say(BRIDGE_STATE, b"1")

    assert aggregator.hear() == (BRIDGE_STATE, b"1", False)


def test_the_aggregator_hears_how_many_messages_the_broker_dropped(aggregator: Peer) -> None:
    aggregator.listen("$SYS/broker/publish/messages/dropped")

    assert aggregator.hear()[1] == b"0"


@pytest.mark.parametrize(
    "topic",
    [
        *(topics.centre_tick("another"), topics.centre_state("another")),
        *(f"venuewatch/v1/STA/{HOST}/beat", "somewhere/else"),
    ],
)
def test_the_aggregator_may_not_speak_for_others(aggregator: Peer, topic: str) -> None:
    assert aggregator.say(topic) == REFUSED


@pytest.mark.parametrize("stream", [stream.value for stream in topics.BULK])
def test_the_bulk_connection_hears_readings_and_its_canary(
    centre: Centre, aggregator: Peer, host: Peer, stream: str
) -> None:
    reading, canary = f"venuewatch/v1/STA/{HOST}/{stream}", topics.centre_bulk(NAME)
    with centre.peer(BULK) as bulk:
        bulk.listen(reading)
        bulk.listen(canary)
        host.say(reading, b"7")
        aggregator.say(canary, b"1")

        assert [bulk.hear()[0], bulk.hear()[0]] == [reading, canary]


@pytest.mark.parametrize(
    "topic",
    [
        *(topics.centre_bulk(NAME), topics.centre_state(NAME), topics.centre_tick(NAME)),
        *(f"venuewatch/v1/STA/{HOST}/beat", f"venuewatch/v1/STA/{HOST}/cmd", topics.TICK),
    ],
)
def test_the_bulk_connection_says_nothing(centre: Centre, topic: str) -> None:
    with centre.peer(BULK) as bulk:
        assert bulk.say(topic) == REFUSED


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_gets_in_without_the_right_password(centre: Centre, password: str | None) -> None:
    with Peer(centre.tls_port, HOST, password=password, authority=centre.authority) as peer:
        assert peer.connected == REFUSED


def test_a_host_can_not_throw_out_another_by_its_client_id(centre: Centre, host: Peer) -> None:
    with centre.peer(NEIGHBOUR, client_id=HOST) as thief:
        assert thief.say(f"venuewatch/v1/STA/{NEIGHBOUR}/beat") in ACCEPTED
        assert host.say(f"venuewatch/v1/STA/{HOST}/beat") in ACCEPTED
        assert host.is_connected
