"""Broker outlet: publishes messages of the core, and asks the broker's port for it."""

import asyncio
from collections.abc import Callable, Sequence

from aggregator.config import Broker
from aggregator.core.outputs import AskPort, Output, Publish
from aggregator.core.verdicts.centre import Port
from aggregator.shell.mqtt import port_probe
from aggregator.shell.mqtt.link import BrokerLink
from venuewatch.base.wire.messages import encode


class BrokerOutlet:
    """Publishes over ``link``; ``port_said`` gets the answer of the port of ``where``."""

    def __init__(self, link: BrokerLink, where: Broker, port_said: Callable[[Port], None]) -> None:
        self._link = link
        self._where = where
        self._port_said = port_said
        self._asking: set[asyncio.Task[None]] = set()

    def take(self, outputs: Sequence[Output]) -> None:
        """Publish what is to be published, if we are connected; ask the port if wanted."""
        for output in outputs:
            if isinstance(output, Publish):
                payload = encode(output.message)
                self._link.publish(
                    output.topic, payload, qos=output.qos, is_retained=output.is_retained
                )
            elif isinstance(output, AskPort):
                task = asyncio.get_running_loop().create_task(self._ask(), name="broker's port")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def _ask(self) -> None:
        self._port_said(await port_probe.ask(self._where))
