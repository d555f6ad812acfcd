"""Runs the aggregator's own core behind another client library, for the same work as ours.

Each message is decoded, routed to its host and judged by the same ``Centre`` that the product
drives. A tick goes out each second for the fleet to echo.
"""

import argparse
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aggregator import inventory
from aggregator.core.centre import Centre
from aggregator.core.outputs import Publish, Store
from venuewatch.base import clock
from venuewatch.base.wire.messages import encode
from venuewatch.base.wire.topics import Stream


class Message(NamedTuple):
    """A message as a client library handed it over."""

    topic: str
    payload: bytes
    retain: bool


class DrivenCentre:
    """The core, behind an MQTT client that ``publish`` sends with, less HTTP and metrics."""

    def __init__(self, expected: Path) -> None:
        self._centre = Centre(inventory.fleet_of(inventory.read(expected)), start=clock.monotonic())
        self.publish: Callable[[str, bytes], object] = lambda _topic, _payload: None

    def opened(self) -> None:
        """Begin to judge."""
        self._centre.opened(clock.monotonic())
        self._hand_out()

    def receive(self, message: Message) -> None:
        """Take in one message."""
        self._centre.receive(clock.monotonic(), (message,), clock.wall())
        self._hand_out()

    def wake_if_due(self) -> float:
        """Decide what is due; return how long (s) there is until the next."""
        now = clock.monotonic()
        if now >= self._centre.due():
            self._centre.woke(now)
            self._hand_out()
        return max(0.0, self._centre.due() - clock.monotonic())

    def answer(self) -> None:
        """Answer every line on standard input with our counts, from a thread that only waits."""
        threading.Thread(target=self._answer, name="answers", daemon=True).start()

    def _hand_out(self) -> None:
        while outputs := self._centre.take():
            for output in outputs:
                if isinstance(output, Publish):
                    self.publish(output.topic, encode(output.message))
                elif isinstance(output, Store):
                    self._centre.stored(clock.monotonic(), output.token)

    def _answer(self) -> None:
        for _ in sys.stdin:
            counts = {
                "beats": self._centre.intake.heard[Stream.BEAT.value],
                "missed": sum(host.missed for host in self._centre.fleet),
                "is_settled": self._centre.is_ready,
            }
            print(json.dumps(counts), flush=True)


def main(serve: Callable[[DrivenCentre, int], None]) -> int:
    """Run a peer from the command line: ``--port`` of the broker, ``--inventory`` to expect."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--inventory", type=Path, required=True)
    options = parser.parse_args()
    core = DrivenCentre(options.inventory)
    core.answer()
    serve(core, options.port)
    return 1  # a peer is ended from outside; that it ended by itself is a failure
