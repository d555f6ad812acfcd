import random

import pytest

from tests.rehearsal.world.client import Client
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.loop import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def broker(loop: Loop) -> Broker:
    return Broker(loop, random.Random(1))


def test_a_killed_client_leaves_its_will(loop: Loop, broker: Broker) -> None:
    centre, host = Client(loop, broker, "centre", "#", "+/death"), Client(loop, broker, "host")
    loop.run(until=1.0)

    host.kill()
    loop.run(until=1.1)

    assert centre.heard == [("host/death", b"lost", False)]


def test_a_client_that_parts_cleanly_leaves_no_will(loop: Loop, broker: Broker) -> None:
    centre, host = Client(loop, broker, "centre", "#"), Client(loop, broker, "host")
    loop.run(until=1.0)

    host.send(packets.Disconnect())
    host.kill()
    loop.run(until=30.0)

    assert centre.said("host/death") == []


def test_a_cut_off_client_is_given_up_after_one_and_a_half_keepalives(
    loop: Loop, broker: Broker
) -> None:
    centre = Client(loop, broker, "centre", "#", keepalive_s=1_000.0)
    host = Client(loop, broker, "host", keepalive_s=10.0)
    loop.run(until=0.1)

    host.leg.is_cut = True
    loop.run(until=15.0)
    before = list(centre.heard)
    loop.run(until=15.0 + 5.1)

    assert before == []
    assert centre.said("host/death") == [b"lost"]


def test_at_a_takeover_the_old_will_comes_before_the_new_birth(loop: Loop, broker: Broker) -> None:
    centre, former = Client(loop, broker, "centre", "#"), Client(loop, broker, "host")
    loop.run(until=1.0)

    latter = Client(loop, broker, "host")
    loop.run(until=1.1)
    latter.publish("host/birth", b"new", is_retained=True)
    loop.run(until=2.0)

    assert [topic for topic, _, _ in centre.heard] == ["host/death", "host/birth"]
    assert former.is_closed
    assert not latter.is_closed


def test_retained_messages_are_said_again_as_retained_to_every_new_subscriber(
    loop: Loop, broker: Broker
) -> None:
    host = Client(loop, broker, "host")
    loop.run(until=1.0)
    host.publish("host/birth", b"old", is_retained=True)
    host.publish("host/birth", b"new", is_retained=True)
    host.publish("host/beat", b"1")
    loop.run(until=2.0)

    centre = Client(loop, broker, "centre", "#")
    loop.run(until=3.0)

    assert centre.heard == [("host/birth", b"new", True)]


def test_what_is_certain_waits_for_a_lasting_subscriber_and_nothing_else_does(
    loop: Loop, broker: Broker
) -> None:
    centre = Client(loop, broker, "centre", "host/#", is_persistent=True)
    host = Client(loop, broker, "host")
    loop.run(until=1.0)
    centre.kill()
    loop.run(until=2.0)
    host.publish("host/vitals", b"7")
    host.send(packets.Publish("host/beat", b"8"))
    loop.run(until=3.0)

    again = Client(loop, broker, "centre", "host/#", is_persistent=True)
    loop.run(until=4.0)

    assert again.heard == [("host/vitals", b"7", False)]


def test_a_broker_that_is_stopped_says_every_will_before_it_hangs_up(
    loop: Loop, broker: Broker
) -> None:
    centre = Client(loop, broker, "centre", "+/death")
    hosts = [Client(loop, broker, f"host-{number}") for number in range(3)]
    loop.run(until=1.0)

    broker.stop()
    loop.run(until=2.0)

    assert len([topic for topic, _, _ in centre.heard if topic.startswith("host-")]) == 3
    assert centre.is_closed
    assert all(host.is_closed for host in hosts)


def test_a_broker_that_is_killed_says_no_will_and_refuses_until_it_is_started(
    loop: Loop, broker: Broker
) -> None:
    centre = Client(loop, broker, "centre", "#")
    Client(loop, broker, "host")
    loop.run(until=1.0)
    broker.kill()
    loop.run(until=2.0)
    assert centre.heard == []
    assert centre.is_closed
    assert _is_refused(loop, broker)

    broker.start()

    assert not _is_refused(loop, broker)


def test_a_frozen_broker_takes_connections_and_says_nothing(loop: Loop, broker: Broker) -> None:
    broker.process.freeze()
    client = Client(loop, broker, "host", "#")
    loop.run(until=3.0)
    assert client.socket.is_open
    client.publish("host/birth", b"here", is_retained=True)
    loop.run(until=4.0)
    assert client.heard == []

    broker.process.resume()
    loop.run(until=5.0)

    assert client.said("host/birth") == [b"here"]


def test_what_waits_while_nothing_is_delivered_comes_later(loop: Loop, broker: Broker) -> None:
    centre, host = Client(loop, broker, "centre", "#"), Client(loop, broker, "host")
    loop.run(until=1.0)
    broker.delivers = False
    host.publish("host/vitals", b"7")
    host.send(packets.Publish("host/beat", b"8"))
    loop.run(until=2.0)
    assert centre.heard == []

    broker.deliver_again()
    loop.run(until=3.0)

    assert centre.heard == [("host/vitals", b"7", False)]


def _is_refused(loop: Loop, broker: Broker) -> bool:
    client = Client(loop, broker, "stranger")
    loop.run(until=loop.now + 1.0)
    return client.was_refused


@pytest.mark.parametrize("says_takeover", [False, True], ids=["2.0.11", "later ones"])
def test_broker_says_why_it_ends_a_session_only_if_it_is_of_that_kind(
    loop: Loop, broker: Broker, *, says_takeover: bool
) -> None:
    broker.says_takeover = says_takeover
    former = Client(loop, broker, "host")
    loop.run(until=1.0)

    Client(loop, broker, "host")
    loop.run(until=2.0)

    assert former.is_closed
    assert former.was_told is says_takeover
