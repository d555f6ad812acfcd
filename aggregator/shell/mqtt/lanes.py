"""The two connections of the aggregator: what each hears, and under which name.

``live`` hears what shows life: it is small, and nothing large is ever in front of it. ``bulk``
hears readings. Each has a client id of its own. Where the broker takes the user's name for it, each
is a user of its own: two connections of one user would throw each other out for ever.
"""

import random
from functools import partial

from aggregator.config import Connection
from aggregator.shell.mqtt.bulk import BulkConnection, Discards
from aggregator.shell.mqtt.connection import Listener
from aggregator.shell.mqtt.link import BrokerLink, subscription
from venuewatch.base.wire import topics
from venuewatch.base.wire.framing import BULK_PACKET_BYTES, LIVE_PACKET_BYTES


def live_link(
    where: Connection, listener: Listener, *, name: str, will: tuple[str, bytes], rng: random.Random
) -> BrokerLink:
    """Return the connection on which life is heard, and on which everything is published."""
    patterns = [
        *map(topics.upward, topics.LIVE),
        topics.CENTRE_STATES,
        f"{topics.BRIDGES}+",
        topics.centre_tick(name),
        *([topics.BROKER_DROPPED] if where.sys_topics else []),
    ]
    return BrokerLink(
        where,
        listener,
        client_id=topics.live_client(name),
        filters=[subscription(pattern) for pattern in patterns],
        will=will,
        rng=rng,
        max_packet_bytes=LIVE_PACKET_BYTES,
    )


def bulk_link(
    where: Connection, listener: Listener, *, name: str, discards: Discards, rng: random.Random
) -> BrokerLink:
    """Return the connection on which readings are heard; ``discards`` counts what is not read."""
    canary = topics.centre_bulk(name)
    patterns = [*map(topics.upward, topics.BULK), topics.CENTRE_OPENS, canary]
    return BrokerLink(
        where,
        listener,
        client_id=topics.bulk_client(name),
        filters=[subscription(pattern) for pattern in patterns],
        will=None,
        rng=rng,
        max_packet_bytes=BULK_PACKET_BYTES,
        new_connection=partial(BulkConnection, canary=canary, discards=discards),
    )
