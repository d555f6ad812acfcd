"""Takes the readings of a simulated machine: vitals, and those of its checks."""

import random

import msgspec

from agent.outbox import Message
from agent.series import Series
from agent.slots import Slots
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.messages import CheckReading, Checks, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.machine import Machine

VITALS_EVERY_S = 10.0  # agent.config.Heartbeat
CHECKS_EVERY_S = 5.0


class Sampler:
    """Taken in their rhythm, numbered by stream, sent or not."""

    def __init__(self, loop: Loop, rng: random.Random, machine: Machine, boot: str) -> None:
        self._machine = machine
        self._boot = boot
        self._vitals = Slots(loop.now, VITALS_EVERY_S)
        self._checks = Slots(loop.now + rng.uniform(0.0, CHECKS_EVERY_S), CHECKS_EVERY_S)
        self._seqs = {Stream.VITALS: -1, Stream.CHECKS: -1}
        self._series = Series()
        self._numbers: list[float | None] = []

    @property
    def catalogue(self) -> bytes:
        """The message that says the catalogue of the latest vitals."""
        return self._series.catalogue

    @property
    def next_at(self) -> float:
        """When (s) to call ``take`` again."""
        if not self._machine.watched:
            return self._vitals.next_at
        return min(self._vitals.next_at, self._checks.next_at)

    def begin_boot(self, boot: str) -> None:
        """Be another boot from the next message on."""
        self._boot = boot

    def take(self, now: float, session: int) -> list[Message]:
        """Return what was due to be read, as messages of this session."""
        said = []
        if self._vitals.take(now) is not None:
            said.append(self.vitals(now, session))
        watched = self._machine.watched
        if watched and self._checks.take(now) is not None:
            wall_ms = self._machine.clock.wall_ms
            found = [
                CheckReading(
                    check=each.check,
                    kind=each.kind,
                    state=each.found,
                    every_s=CHECKS_EVERY_S,
                    wall_ms=wall_ms,
                    duration_s=0.001,
                    values=msgspec.convert(
                        {"results_clock_offset_seconds": each.ahead_s, **each.counts},
                        CheckValues,
                    ),
                )
                for each in watched.values()
            ]
            checks = Checks(self._boot, session, self._next(Stream.CHECKS), wall_ms, found)
            said.append(Message(Stream.CHECKS, encode(checks), taken_at=self._machine.mono))
        return said

    def vitals(self, now: float, session: int) -> Message:
        """Return vitals of now, as a message of this session."""
        if not self._numbers:  # they are always the same
            self._numbers = self._series.numbers(Readings(node_load1=0.25), now)
        seq, key, wall_ms = self._next(Stream.VITALS), self._series.key, self._machine.clock.wall_ms
        vitals = Vitals(self._boot, session, seq, wall_ms, catalogue=key, values=self._numbers)
        catalogue = self._series.catalogue
        return Message(Stream.VITALS, encode(vitals), catalogue, self._machine.mono)

    def _next(self, stream: Stream) -> int:
        self._seqs[stream] += 1
        return self._seqs[stream]
