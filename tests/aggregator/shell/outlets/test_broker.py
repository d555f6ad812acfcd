"""Broker outlet: publishes what the core publishes, and asks the broker's port for it."""

import mqtt5

from aggregator.config import Broker
from aggregator.core.outputs import AskPort, Publish
from aggregator.core.verdicts.centre import Port
from aggregator.shell.outlets.broker import BrokerOutlet
from tests.aggregator.shell.mqtt.scripted_broker import Linked, Notes, ScriptedBroker
from tests.kit.waiting import until
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Tick, encode

TICK = Publish(topics.TICK, Tick(7, 0))
STATE = Publish(topics.centre_state("centre"), CentreState("online"), qos=1, is_retained=True)


async def test_a_message_is_published_as_the_core_has_it() -> None:
    async with ScriptedBroker().serving() as broker, (linked := Linked(broker, Notes()))() as link:
        peer = await (await broker.peer()).admit()
        await linked.notes.noted("opened")

        BrokerOutlet(link, link, Broker(), lambda _: None).take([TICK, STATE])
        tick = await peer.receive(mqtt5.PublishPacket)
        state = await peer.receive(mqtt5.PublishPacket)

    assert (tick.topic, tick.payload) == (topics.TICK, encode(Tick(7, 0)))
    assert (int(tick.qos), tick.retain) == (0, False)
    assert (int(state.qos), state.retain) == (1, True)


async def test_a_question_to_a_closed_port_is_answered(unused_tcp_port: int) -> None:
    said: list[Port] = []
    where = Broker(port=unused_tcp_port)

    async with Linked(ScriptedBroker(), Notes())(where) as link:
        BrokerOutlet(link, link, where, said.append).take([TICK, STATE, AskPort(1.0)])
        await until(lambda: bool(said))

    assert said == ["refuses"]
