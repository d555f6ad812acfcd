"""Counts publications that the broker does not take, and logs each kind once in a connection."""

import logging
from collections import Counter
from typing import Final

import mqtt5

from venuewatch.base import log

TOO_LARGE: Final = "packet_too_large"
FAILURE: Final = 0x80
"""Reason codes from here on are failures (MQTT 5, 2.4)."""

_CODE: Final = mqtt5.PubAckReasonCode
_FAILURES: Final = (  # the codec has no list of them
    _CODE.UNSPECIFIED_ERROR,
    _CODE.IMPLEMENTATION_SPECIFIC_ERROR,
    _CODE.NOT_AUTHORIZED,
    _CODE.TOPIC_NAME_INVALID,
    _CODE.PACKET_ID_IN_USE,
    _CODE.QUOTA_EXCEEDED,
    _CODE.PAYLOAD_FORMAT_INVALID,
)
_REASONS: Final = (*(code.name.lower() for code in _FAILURES), TOO_LARGE)

_logger = logging.getLogger("aggregator.broker")


class Refusals:
    """The publications of one link that were refused, over all its connections.

    Attributes:
        counts: how many, by reason: MQTT 5's name of it, in lower case.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(_REASONS, 0))
        self._told: set[tuple[str, str]] = set()

    def connected(self) -> None:
        """Note another connection: what is refused on it is told again."""
        self._told.clear()

    def add(self, packet: bytes, reason: str, why: str) -> None:
        """Count a PUBLISH; the log has the first of its kind, by the last level of its topic."""
        self.counts[reason] += 1
        message, _ = mqtt5.read(memoryview(packet))
        topic = message.topic if isinstance(message, mqtt5.PublishPacket) else ""
        kind = (topic.rpartition("/")[2], reason)
        if kind not in self._told:
            self._told.add(kind)
            log.event(_logger, logging.WARNING, "publication_refused", topic=topic, why=why)
