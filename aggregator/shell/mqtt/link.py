"""Keeps the aggregator subscribed: connects, and connects again with full jitter.

The session outlives a connection (fixed client id, expiry of a day). So messages at QoS 1 wait at
the broker while the aggregator is away. An error is logged once, until another one follows.

Two aggregators of one name would take it from each other each second. Of two that know of each
other the younger yields (``core/doubling.py``): it waits for up to a minute, and longer each time.
If the other one can not be known, a connection that was taken over twice waits at its ceiling. A
broker need not say that it was: a live one that ended within seconds counts, too. One for bulk does
not, as it would be lost for longer than is well before the other one is known.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from functools import partial

import mqtt5

from aggregator import config as aggregator_config
from aggregator.core.outputs import Doubled
from aggregator.shell.mqtt.connection import BrokerError, Connection, Listener
from aggregator.shell.mqtt.refusals import Refusals
from venuewatch.base import clock, config, log
from venuewatch.base.wire import links
from venuewatch.base.wire.framing import LIVE_PACKET_BYTES

CONNECT_TIMEOUT_S = 10.0
CEILING_S = 2.0
"""The longest wait (s) between two attempts: the fleet is unknown meanwhile."""

STEADY_S = 60.0
"""A connection that lasted so long (s) was no duel."""

SESSION_EXPIRY_S = 86_400
RECEIVE_MAX = 1_000  # as many as max_inflight_messages lets out in mosquitto/

_logger = logging.getLogger("aggregator.broker")


def subscription(pattern: str, *, no_local: bool = False) -> mqtt5.TopicFilter:
    """Return a subscription; ``no_local``: not to messages of this client."""
    return mqtt5.TopicFilter(
        pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE, no_local=no_local, retain_as_published=False
    )


class BrokerLink:
    """One lasting subscription.

    The broker publishes ``will`` (topic, payload), retained, if the connection is lost. It drops
    what is larger than ``max_packet_bytes``. ``new_connection`` makes each connection.

    Attributes:
        refusals: what the broker does not take of what is published.
    """

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        where: aggregator_config.Connection,
        listener: Listener,
        *,
        client_id: str,
        filters: Sequence[mqtt5.TopicFilter],
        will: tuple[str, bytes] | None,
        rng: random.Random,
        max_packet_bytes: int = LIVE_PACKET_BYTES,
        new_connection: Callable[..., Connection] = Connection,
    ) -> None:
        self._where = where
        self._listener = listener
        self._client_id = client_id
        self._filters = list(filters)
        self._will = will
        self._rng = rng
        self._max_packet_bytes = max_packet_bytes
        self._new_connection = new_connection
        self.refusals = Refusals()
        self._connection: Connection | None = None
        self._unacknowledged: dict[int, bytes] = {}
        self._trouble: str | None = None
        self._is_closing = False
        self._double: Doubled | None = None
        self._brief = 0

    @property
    def is_subscribed(self) -> bool:
        """True while messages are received."""
        return self._connection is not None and self._connection.is_subscribed

    async def run(self) -> None:
        """Stay subscribed until closed or cancelled."""
        attempt, ceiling_s = 0, min(self._where.reconnect_max_s, CEILING_S)
        while True:
            began = clock.monotonic()
            try:
                was_taken_over = await self._hear_once()
                attempt = 0
                self._note_end(clock.monotonic() - began, was_taken_over=was_taken_over)
            except (OSError, BrokerError, config.ConfigError, UnicodeError) as error:
                self._report(error)
            if self._is_closing:
                return
            knew = self._double is not None
            await asyncio.sleep(self._wait_s(attempt, ceiling_s))
            if not knew and self._double is not None and self._double.yields:  # learnt meanwhile
                await asyncio.sleep(self._wait_s(0, ceiling_s))
            attempt += 1

    def note_double(self, double: Doubled) -> None:
        """Note that another aggregator uses this client id, and which of the two yields."""
        self._double = double

    def _note_end(self, lasted_s: float, *, was_taken_over: bool) -> None:
        """Note the end of a connection: one in a duel is short, and is thrown out by the other."""
        if lasted_s >= STEADY_S:
            self._brief = 0
        is_silent = self._will is not None and lasted_s < links.BRIEF_S  # without it: bulk
        self._brief += was_taken_over or is_silent

    def _wait_s(self, attempt: int, ceiling_s: float) -> float:
        double = self._double
        if double is not None and clock.monotonic() >= double.until:
            double = self._double = None
        yields = None if double is None else double.yields
        if double is not None and yields and attempt == 0:
            return double.wait_s / 2 + self._rng.uniform(0.0, double.wait_s / 2)
        if attempt == 0 and yields is None and self._brief > 1:
            attempt, ceiling_s = links.AT_CEILING, self._where.reconnect_max_s
        return links.wait_before(attempt, self._rng, max_s=ceiling_s)

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, is_retained: bool = False
    ) -> bool:
        """Send a message; return False if it was not sent, as without a subscription."""
        connection = self._connection
        if connection is None or not connection.is_subscribed:
            return False
        return connection.publish(topic, payload, qos=qos, is_retained=is_retained)

    async def close(
        self, farewell: tuple[str, bytes] | None = None, *, timeout_s: float = 2.0
    ) -> None:
        """Publish a retained farewell (topic, payload) and disconnect, within ``timeout_s``.

        If it can not be delivered, the connection is dropped, and the broker publishes the will.
        """
        self._is_closing = True
        connection = self._connection
        if connection is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await connection.drained()
                if farewell is None or self.publish(*farewell, qos=1, is_retained=True):
                    await connection.drained()
                    connection.disconnect()
                    await asyncio.shield(connection.ended)
        except TimeoutError:
            pass
        connection.abort()

    async def _hear_once(self) -> bool:
        """Receive until the connection ends; return True if another program took the session.

        Raises:
            OSError, BrokerError, ConfigError: the connection did not begin.
        """
        connect = self._connect_packet()
        tls = config.tls_context(self._where)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await asyncio.get_running_loop().create_connection(
                partial(self._made, connect),
                self._where.address,
                self._where.port,
                ssl=tls,
            )
        self._connection = connection
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await connection.opened
            self._trouble = None
            log.event(_logger, logging.INFO, "broker_connected", **self._place())
            why = await asyncio.shield(connection.ended)
            if not self._is_closing:
                log.event(_logger, logging.WARNING, "broker_lost", why=why, **self._place())
            return connection.was_taken_over
        finally:
            connection.abort()
            self._connection = None

    def _made(self, connect: mqtt5.ConnectPacket) -> Connection:
        connection = self._new_connection(
            connect, self._filters, self._listener, self._unacknowledged
        )
        connection.refusals = self.refusals
        self.refusals.connected()
        return connection

    def _connect_packet(self) -> mqtt5.ConnectPacket:
        password, will = None, None
        if self._will is not None:
            topic, payload = self._will
            will = mqtt5.Will(topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)
        if self._where.password_file is not None:
            password = config.read_secret(self._where.password_file).encode()
        return mqtt5.ConnectPacket(
            self._client_id,
            username=self._where.username,
            password=password,
            clean_start=False,
            will=will,
            keep_alive=self._where.keepalive_s,
            session_expiry_interval=SESSION_EXPIRY_S,
            receive_max=RECEIVE_MAX,
            max_packet_size=self._max_packet_bytes,
        )

    def _report(self, error: Exception) -> None:
        trouble = config.in_words(error, at=f"{self._where.address}:{self._where.port}")
        if isinstance(error, BrokerError):
            self._listener.not_opened(trouble)
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.WARNING, "broker_unreachable", why=trouble, **self._place())

    def _place(self) -> dict[str, object]:
        where = self._where
        return {"client": self._client_id, "address": where.address, "port": where.port}
