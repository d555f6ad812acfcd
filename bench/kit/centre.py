"""Runs the aggregator's own core behind another client library, for the same work as ours.

Each message is decoded, routed to its host and judged by the project's own core. A tick goes out
each second for the fleet to echo.
"""

import argparse
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aggregator import inventory
from aggregator.core.watch import Watch
from venuewatch.base import clock
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import encode
from venuewatch.base.wire.topics import Stream

LOOK_EVERY_S = 0.1  # as aggregator.app does
TICK_EVERY_S = 1.0


class Centre:
    """Everything of the aggregator behind its MQTT client, less HTTP and metrics."""

    def __init__(self, expected: Path) -> None:
        self._fleet = inventory.fleet_of(inventory.read(expected))
        self._watch = Watch(self._fleet)

    def subscribed(self) -> None:
        """Begin to judge."""
        self._watch.subscribed(clock.monotonic())

    def hear(self, topic: str, payload: bytes, *, is_retained: bool) -> None:
        """Take in one message."""
        now, wall = clock.monotonic(), clock.wall()
        try:
            self._watch.hear(topic, payload, is_retained=is_retained, now=now, wall=wall)
        except MalformedMessageError:
            return  # it is counted

    def look(self) -> None:
        """Decide what is due."""
        self._watch.advance(clock.monotonic())
        self._watch.events()

    def tick(self) -> bytes:
        """Return the next tick to publish."""
        return encode(self._watch.tick(clock.monotonic()))

    def answer(self) -> None:
        """Answer every line on standard input with our counts, from a thread that only waits."""
        threading.Thread(target=self._answer, name="answers", daemon=True).start()

    def _answer(self) -> None:
        for _ in sys.stdin:
            counts = {
                "beats": self._watch.intake.heard[Stream.BEAT.value],
                "missed": sum(host.missed for host in self._fleet),
                "is_settled": self._watch.is_settled,
            }
            print(json.dumps(counts), flush=True)


def main(hear: Callable[[Centre, int], None]) -> int:
    """Run a peer from the command line: ``--port`` of the broker, ``--inventory`` to expect."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--inventory", type=Path, required=True)
    options = parser.parse_args()
    core = Centre(options.inventory)
    core.answer()
    hear(core, options.port)
    return 1  # a peer is ended from outside; that it ended by itself is a failure
