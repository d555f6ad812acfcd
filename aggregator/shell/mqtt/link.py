"""Keeps the aggregator subscribed: connects, and connects again with full jitter.

The session outlives a connection (fixed client id, expiry of a day). So messages at QoS 1 wait at
the broker while the aggregator is away. An error is logged once, until another one follows.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

import mqtt5

from aggregator.config import Broker
from aggregator.shell.mqtt.connection import BrokerError, Connection, Listener
from venuewatch.base import config, log
from venuewatch.base.wire import links, topics

CONNECT_TIMEOUT_S = 10.0
CEILING_S = 2.0
"""The longest wait (s) between two attempts: the fleet is unknown meanwhile."""

SESSION_EXPIRY_S = 86_400
RECEIVE_MAX = 1_000  # as many as max_inflight_messages lets out in mosquitto/

_logger = logging.getLogger("aggregator.broker")


def subscriptions(name: str, *, has_sys: bool) -> list[mqtt5.TopicFilter]:
    """Return what the aggregator ``name`` hears; ``has_sys``: the broker counts what it drops."""
    dropped = [subscription(topics.BROKER_DROPPED)] if has_sys else []
    everything = subscription(topics.EVERYTHING_UPWARD, no_local=True)
    return [everything, subscription(topics.centre_tick(name)), *dropped]


def subscription(pattern: str, *, no_local: bool = False) -> mqtt5.TopicFilter:
    """Return a subscription; ``no_local``: not to messages of this client."""
    return mqtt5.TopicFilter(
        pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE, no_local=no_local, retain_as_published=False
    )


class BrokerLink:
    """One lasting subscription.

    The broker publishes ``will`` (topic, payload), retained, if the connection is lost.
    """

    def __init__(
        self,
        where: Broker,
        listener: Listener,
        *,
        client_id: str,
        filters: Sequence[mqtt5.TopicFilter],
        will: tuple[str, bytes],
        rng: random.Random,
    ) -> None:
        self._where = where
        self._listener = listener
        self._client_id = client_id
        self._filters = list(filters)
        self._will = will
        self._rng = rng
        self._connection: Connection | None = None
        self._unacknowledged: dict[int, bytes] = {}
        self._trouble: str | None = None
        self._is_closing = False

    @property
    def is_subscribed(self) -> bool:
        """True while messages are received."""
        return self._connection is not None and self._connection.is_subscribed

    async def run(self) -> None:
        """Stay subscribed until closed or cancelled."""
        attempt, slow_s = 0, self._where.reconnect_max_s
        quick_s = ceiling_s = min(slow_s, CEILING_S)
        while True:
            try:
                was_taken_over = await self._hear_once()
                # Two aggregators of one name would otherwise take it from each other each second.
                attempt = links.AT_CEILING if was_taken_over else 0
                ceiling_s = slow_s if was_taken_over else quick_s
            except (OSError, BrokerError, config.ConfigError, UnicodeError) as error:
                self._report(error)
            if self._is_closing:
                return
            await asyncio.sleep(links.wait_before(attempt, self._rng, max_s=ceiling_s))
            attempt += 1

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, is_retained: bool = False
    ) -> bool:
        """Send a message; return False if it was not sent, as without a subscription."""
        connection = self._connection
        if connection is None or not connection.is_subscribed:
            return False
        return connection.publish(topic, payload, qos=qos, is_retained=is_retained)

    async def close(self, farewell: tuple[str, bytes], *, timeout_s: float = 2.0) -> None:
        """Publish a retained farewell (topic, payload) and disconnect, within ``timeout_s``.

        If it can not be delivered, the connection is dropped, and the broker publishes the will.
        """
        self._is_closing = True
        connection = self._connection
        if connection is None:
            return
        topic, payload = farewell
        try:
            async with asyncio.timeout(timeout_s):
                await connection.drained()
                if self.publish(topic, payload, qos=1, is_retained=True):
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
                lambda: Connection(connect, self._filters, self._listener, self._unacknowledged),
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

    def _connect_packet(self) -> mqtt5.ConnectPacket:
        topic, payload = self._will
        password = None
        if self._where.password_file is not None:
            password = config.read_secret(self._where.password_file).encode()
        return mqtt5.ConnectPacket(
            self._client_id,
            username=self._where.username,
            password=password,
            clean_start=False,
            will=mqtt5.Will(topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True),
            keep_alive=self._where.keepalive_s,
            session_expiry_interval=SESSION_EXPIRY_S,
            receive_max=RECEIVE_MAX,
        )

    def _report(self, error: Exception) -> None:
        trouble = config.in_words(error, at=f"{self._where.address}:{self._where.port}")
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.WARNING, "broker_unreachable", why=trouble, **self._place())

    def _place(self) -> dict[str, object]:
        return {"address": self._where.address, "port": self._where.port}
