"""Stream of a broker, as the aggregator's connections take it, live and bulk."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import mqtt5

from aggregator.core.budget import Discarding
from aggregator.shell.mqtt.bulk import BulkConnection, Discards
from aggregator.shell.mqtt.connection import BrokerError, Connection
from bench.readers import mqtt_framing
from venuewatch.base.wire.errors import Reason

ERRORS: tuple[type[Exception], ...] = ()  # what is no MQTT ends the connection, in words

_STEP = 61


class Transport(asyncio.Transport):
    """Takes all, and goes nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        bytes(data)

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class _Listener:
    """Takes all."""

    is_behind = False

    def receive(self, publishes: Sequence[mqtt5.PublishPacket]) -> None: ...
    def refuse(self, reason: Reason) -> None: ...
    def discarded(self, over: Mapping[str, Discarding]) -> None: ...
    def opened(self) -> None: ...
    def not_opened(self, why: str) -> None: ...
    def lost(self, *, is_taken_over: bool) -> None: ...


def read(data: bytes) -> None:
    """Read a stream on a connection: on the bulk one if its first byte is even."""
    on_a_loop(_read(data))


def on_a_loop(reading: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own, with none of the care that ``asyncio.run`` costs each time."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(reading)
    finally:
        loop.close()


def seeds() -> Sequence[bytes]:
    """Return sessions."""
    return [bytes([first]) + seed[1:] for seed in mqtt_framing.seeds() for first in (0, 1)]


async def _read(data: bytes) -> None:
    connect = mqtt5.ConnectPacket("centre", keep_alive=60)
    filters = [mqtt5.TopicFilter("v/#")]
    connection: Connection
    if data and data[0] & 1:
        connection = Connection(connect, filters, _Listener(), {})
    else:
        connection = BulkConnection(
            connect, filters, _Listener(), {}, canary="v/a", discards=Discards()
        )
    connection.connection_made(Transport())
    for at in range(1, len(data), _STEP):
        connection.data_received(data[at : at + _STEP])
        await asyncio.sleep(0)
    connection.connection_lost(None)
    if connection.opened.done() and not connection.opened.cancelled():
        assert isinstance(connection.opened.exception(), BrokerError | None)  # noqa: S101
    connection.opened.cancel()
    connection.ended.cancel()
