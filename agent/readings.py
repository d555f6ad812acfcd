"""Takes the readings of this host, and encodes them as messages."""

import logging
import math
import random
from collections.abc import Callable
from functools import partial

import msgspec

from agent import checks, config, vitals
from agent.checks import Check, CheckConfig, Reading
from agent.checks.reading.asking import failed, is_ours
from agent.identity import milliseconds
from agent.outbox import Message
from agent.rounds import Rounds
from agent.runner import Outcome, Runner, Task, Threads
from agent.series import Series
from agent.slots import Slots
from venuewatch.base import clock, log
from venuewatch.base.wire.bounds import DETAIL_MAX, fitted
from venuewatch.base.wire.messages import (
    CHECKS_MAX,
    MAX_PAYLOAD_BYTES,
    CheckReading,
    Checks,
    Vitals,
    encode,
)
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.readings import Readings as VitalReadings
from venuewatch.base.wire.topics import Stream

START_JITTER_S = 10.0
CHECKS_APART_S = 1.25
"""How far apart (s) two messages of checks are: with vitals they are fewer than two a second."""

_HEAD_BYTES = 512
"""More than a message of checks and its packet take beside the results."""

_SPARE_S = 1.0  # a check that keeps its own timeout is not called hanging

_logger = logging.getLogger("agent")


class Readings:
    """Vitals and checks, each in its rhythm.

    The numbers of messages count what was due. Vitals that were not taken leave a number out, and
    so does each slot of a check for which the agent did not run.

    ``own`` returns the agent's figures about itself, which go with the vitals.

    Attributes:
        taken: how many messages were made so far.
        packet_bytes_max: the largest packet that the broker takes, as far as is known.
    """

    def __init__(
        self,
        settings: config.Config,
        *,
        boot: str,
        threads: Threads,
        start: float,
        rng: random.Random,
        own: Callable[[], dict[str, object]],
    ) -> None:
        self._own = own
        self._boot = boot
        self._configs: dict[str, CheckConfig] = {check.name: check for check in settings.check}
        self._latest: dict[str, Reading] = {}
        self._checks: list[Check] = []
        self._ended: list[CheckReading] = []
        self._said_at = -math.inf
        self._vitals_slot = -1
        self._seqs = {Stream.VITALS: -1, Stream.CHECKS: -1}
        self._skipped_said = 0
        self.taken = 0
        self.packet_bytes_max = math.inf
        self._series = Series()
        every_s = settings.heartbeat.vitals_every_s
        pair = settings.broker.cert_file, settings.broker.key_file
        collectors = (*vitals.found(), *vitals.of_certificate(*pair))
        self._rounds = Rounds(collectors, threads, clock.monotonic, start=start, every_s=every_s)
        self._hung: tuple[str, ...] = ()
        tasks = []
        for check in settings.check:
            first_at = start + rng.uniform(0.0, min(check.every_s, START_JITTER_S))
            tasks.append(self._check_task(check, first_at))
        self._runner = Runner(tasks, threads)

    @property
    def next_at(self) -> float:
        """When (monotonic s) to call ``advance`` again, if nothing ends before."""
        say_at = self._said_at + CHECKS_APART_S if self._ended else math.inf
        return min(self._rounds.next_at, say_at, self._runner.next_at)

    @property
    def skipped(self) -> int:
        """How many numbers were left out so far: the centre finds them missing."""
        due = sum(number + 1 for number in self._seqs.values())
        return due - self.taken

    @property
    def catalogue(self) -> bytes:
        """The message that says the catalogue of the latest vitals."""
        return self._series.catalogue

    def begin_boot(self, boot: str) -> None:
        """Be another boot from the next message on."""
        self._boot = boot

    def advance(self, now: float, session: int) -> list[Message]:
        """Start what is due, and return what ended, as messages of this session.

        The results of checks are collected until ``CHECKS_APART_S`` after the last message of them.
        """
        messages = []
        read = self._rounds.advance(now)
        if read is not None:
            self._note_hung()
            readings = msgspec.structs.replace(read, **self._own())
            messages.append(self._vitals(readings, session, now))
        self._ended += [self._said(outcome) for outcome in self._runner.advance(now)]
        if self._ended and now >= self._said_at + CHECKS_APART_S:
            self._said_at = now
            messages += self.rest(session)
        return messages

    def rest(self, session: int) -> list[Message]:
        """Return the results of checks that were collected, as messages of this session.

        It is one message, where one takes them all.
        """
        said, self._ended = self._ended, []
        return [self._message_of(part, session) for part in self._parts_of(said)]

    def close(self) -> None:
        """Let the checks go of what they hold."""
        for check in self._checks:
            check.close()

    def _check_task(self, check: CheckConfig, first_at: float) -> Task:
        kind = str(check.__struct_config__.tag)
        made: Check = checks.load(kind).Check(check, self._latest.get)
        self._checks.append(made)
        slots = Slots(first_at, check.every_s)
        timeout_s = check.timeout_s + _SPARE_S
        return Task(check.name, partial(_read, made), slots=slots, timeout_s=timeout_s)

    def _said(self, outcome: Outcome) -> CheckReading:
        check = self._configs[outcome.name]
        reading = outcome.value
        if not isinstance(reading, Reading):
            reading = Reading("critical", outcome.error or "the check said nothing")
        self._latest[check.name] = reading
        return CheckReading(
            check=check.name,
            kind=str(check.__struct_config__.tag),
            state=reading.state,
            every_s=check.every_s,
            wall_ms=milliseconds(clock.wall()),
            duration_s=round(outcome.duration_s, 6),
            detail=fitted(reading.detail, DETAIL_MAX),
            values=reading.values,
        )

    def _parts_of(self, said: list[CheckReading]) -> list[list[CheckReading]]:
        """Cut results into parts that a message takes; one that is too large is alone."""
        if len(said) <= 1 or (len(said) <= CHECKS_MAX and self._is_taken(encode(said))):
            return [said] if said else []
        middle = len(said) // 2
        return self._parts_of(said[:middle]) + self._parts_of(said[middle:])

    def _is_taken(self, results: bytes) -> bool:
        """Tell whether so much fits the wire, and packed also the broker."""
        if len(results) > MAX_PAYLOAD_BYTES - _HEAD_BYTES:
            return False
        room = self.packet_bytes_max - _HEAD_BYTES
        return len(results) <= room or len(packed(results)) <= room

    def _message_of(self, said: list[CheckReading], session: int) -> Message:
        skipped = self._runner.skipped - self._skipped_said
        self._skipped_said += skipped
        seq, wall_ms = self._next(Stream.CHECKS, 1 + skipped)
        payload = encode(Checks(self._boot, session, seq, wall_ms, said))
        return Message(Stream.CHECKS, payload, taken_at=clock.since_boot())

    def _note_hung(self) -> None:
        """Log which collectors hang, when those are others than before."""
        if self._rounds.hung == self._hung:
            return
        self._hung = self._rounds.hung
        if self._hung:
            log.event(_logger, logging.WARNING, "collectors_hang", names=", ".join(self._hung))
        else:
            log.event(_logger, logging.INFO, "collectors_answer")

    def _vitals(self, readings: VitalReadings, session: int, now: float) -> Message:
        values = self._series.numbers(readings, now)
        seq, wall_ms = self._next(Stream.VITALS, self._rounds.slot - self._vitals_slot)
        self._vitals_slot = self._rounds.slot
        if readings.node_time_seconds is not None:  # read with the others; we may be woken late
            wall_ms = milliseconds(readings.node_time_seconds)
        key = self._series.key
        vitals = Vitals(self._boot, session, seq, wall_ms, catalogue=key, values=values)
        catalogue, taken_at = self._series.catalogue, clock.since_boot()
        return Message(Stream.VITALS, encode(vitals), catalogue, taken_at)

    def _next(self, stream: Stream, due: int) -> tuple[int, int]:
        """Return the number of the next message, and our wall time (ms).

        ``due``: how many were due since the last one, this one among them.
        """
        self.taken += 1
        self._seqs[stream] += due
        return self._seqs[stream], milliseconds(clock.wall())


def _read(check: Check) -> Reading:
    """Take a reading; it is ``unknown`` where this machine refuses what that takes."""
    try:
        return check.read()
    except OSError as error:
        if is_ours(error):
            return failed(error)
        raise
