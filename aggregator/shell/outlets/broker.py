"""Broker outlet: publishes messages of the core, and asks the broker's port for it.

The port is asked as an unknown client would. The kernel of a frozen broker still accepts
connections, so only a byte from the broker is an answer. The client has no credentials and no
client id, so that it takes over no session. A refusal by the broker is an answer, too.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence

import mqtt5

from aggregator.config import Broker
from aggregator.core.outputs import AskPort, Doubled, Output, Publish
from aggregator.core.verdicts.centre import Port
from aggregator.shell.mqtt.link import BrokerLink
from venuewatch.base import config
from venuewatch.base.wire.messages import encode

_PATIENCE_S = 1.0

_GREETING = mqtt5.ConnectPacket("", clean_start=True, keep_alive=5).write()


class BrokerOutlet:
    """Publishes over ``link``; ``port_said`` gets the answer of the port of ``where``.

    ``bulk``: the link that hears readings.
    """

    def __init__(
        self,
        link: BrokerLink,
        bulk: BrokerLink,
        where: Broker,
        port_said: Callable[[Port], None],
    ) -> None:
        self._link = link
        self._bulk = bulk
        self._where = where
        self._port_said = port_said
        self._asking: set[asyncio.Task[None]] = set()

    def take(self, outputs: Sequence[Output]) -> None:
        """Publish, if we are connected; make way for another aggregator; ask the port."""
        for output in outputs:
            if isinstance(output, Publish):
                payload = encode(output.message)
                self._link.publish(
                    output.topic, payload, qos=output.qos, is_retained=output.is_retained
                )
            elif isinstance(output, Doubled):
                link = self._link if output.connection == "live" else self._bulk
                link.note_double(output)
            elif isinstance(output, AskPort):
                task = asyncio.get_running_loop().create_task(self._ask(), name="broker's port")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def _ask(self) -> None:
        self._port_said(await _answer_of(self._where))


async def _answer_of(where: Broker) -> Port:
    """Return the port's answer, or ``silent`` after a second."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await _greet(where)
    except TimeoutError:
        return "silent"
    except (ConnectionRefusedError, config.ConfigError):
        return "refuses"
    except (ssl.SSLError, ConnectionResetError):
        return "answers"
    except OSError:
        return "silent"


async def _greet(where: Broker) -> Port:
    reader, writer = await asyncio.open_connection(
        where.address, where.port, ssl=config.tls_context(where)
    )
    try:
        writer.write(_GREETING)
        await reader.read(1)  # an end of the stream is an answer, too: the broker closed it
    finally:
        writer.transport.abort()
    return "answers"
