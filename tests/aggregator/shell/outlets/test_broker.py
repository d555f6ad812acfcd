"""Broker outlet: publishes what the core publishes, and asks the broker's port for it."""

import asyncio
import random

import mqtt5

from aggregator.config import Broker
from aggregator.core.outputs import AskPort, Publish
from aggregator.core.verdicts.centre import Port
from aggregator.shell.mqtt.link import BrokerLink, subscription
from aggregator.shell.outlets.broker import BrokerOutlet
from tests.aggregator.shell.mqtt.scripted_broker import Notes, ScriptedBroker
from tests.kit.waiting import until
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Tick, encode

TICK = Publish(topics.TICK, Tick(7, 0))
STATE = Publish(topics.centre_state("centre"), CentreState("online"), qos=1, is_retained=True)


def outlet_of(where: Broker, said: list[Port]) -> tuple[BrokerOutlet, BrokerLink, Notes]:
    notes = Notes()
    link = BrokerLink(
        where,
        notes,
        client_id="centre",
        filters=[subscription("a/#")],
        will=("t", b""),
        rng=random.Random(1),
    )
    return BrokerOutlet(link, where, said.append), link, notes


async def test_a_message_is_published_as_the_core_has_it() -> None:
    async with ScriptedBroker().serving() as broker:
        outlet, link, notes = outlet_of(Broker(port=broker.port), [])
        running = asyncio.create_task(link.run())
        peer = await (await broker.peer()).admit()
        await notes.noted("opened")

        outlet.take([TICK, STATE])
        tick = await peer.receive(mqtt5.PublishPacket)
        state = await peer.receive(mqtt5.PublishPacket)
        running.cancel()

    assert (tick.topic, tick.payload) == (topics.TICK, encode(Tick(7, 0)))
    assert (int(tick.qos), tick.retain) == (0, False)
    assert (int(state.qos), state.retain) == (1, True)


async def test_a_message_without_a_connection_is_dropped() -> None:
    said: list[Port] = []
    outlet, link, _ = outlet_of(Broker(), said)

    outlet.take([TICK, STATE])

    assert not link.is_subscribed
    assert said == []


async def test_a_question_to_a_closed_port_is_answered(unused_tcp_port: int) -> None:
    said: list[Port] = []
    outlet, _, _ = outlet_of(Broker(port=unused_tcp_port), said)

    outlet.take([AskPort(1.0)])
    await until(lambda: bool(said))

    assert said == ["refuses"]
