"""Link: the session that it asks for, and its end."""

from pathlib import Path

import mqtt5

from aggregator.config import Connection
from tests.aggregator.shell.mqtt.scripted_broker import Linked
from venuewatch.base.wire.framing import LIVE_PACKET_BYTES


async def test_the_session_is_lasting_with_will_and_subscription(linked: Linked) -> None:
    async with linked(Connection(port=linked.port, keepalive_s=7)):
        peer = await linked.peer()
        connect = await peer.receive(mqtt5.ConnectPacket)
        peer.send(mqtt5.ConnAckPacket().write())
        subscribe = await peer.receive(mqtt5.SubscribePacket)

    assert (connect.client_id, connect.keep_alive, connect.clean_start) == ("centre", 7, False)
    assert (connect.session_expiry_interval, connect.receive_max) == (86_400, 1_000)
    assert connect.max_packet_size == LIVE_PACKET_BYTES
    will, (wanted,) = connect.will, subscribe.topic_filters
    assert will is not None
    assert (will.topic, will.payload) == ("venuewatch/v1/_centre/centre/state", b"gone")
    assert (will.qos, will.retain) == (mqtt5.QoS.AT_LEAST_ONCE, True)
    assert (wanted.pattern, wanted.no_local) == ("venuewatch/v1/+/+/#", True)
    assert (wanted.max_qos, wanted.retain_as_published) == (mqtt5.QoS.AT_LEAST_ONCE, False)


async def test_the_password_is_read_at_each_attempt(linked: Linked, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("first\n")
    where = Connection(port=linked.port, username="centre", password_file=str(secret))

    async with linked(where):
        peer = await linked.peer()
        connect = await peer.receive(mqtt5.ConnectPacket)
        secret.write_text("renewed\n")
        peer.hang_up()
        again = await (await linked.peer()).receive(mqtt5.ConnectPacket)

    assert (connect.username, connect.password) == ("centre", b"first")
    assert again.password == b"renewed"


async def test_a_link_publishes_only_once_it_is_subscribed(linked: Linked) -> None:
    async with linked() as link:
        before = (link.is_subscribed, link.publish("a", b""))
        await (await linked.peer()).admit()
        await linked.notes.noted("opened")

        assert before == (False, False)
        assert link.is_subscribed
        assert link.publish("a", b"")


async def test_a_close_without_an_answer_ends_in_time(linked: Linked) -> None:
    async with linked() as link:
        peer = await (await linked.peer()).admit()
        await linked.notes.noted("opened")

        await link.close(("state", b"offline"), timeout_s=0.05)

        await peer.is_gone()
