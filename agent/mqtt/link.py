"""Chooses the broker to connect to, and the time of the next attempt.

Brokers are tried in their order; after a lost one comes the first. On any other than the first,
the agent tries from time to time to reach the first, and returns to it. ``waits`` has how long it
waits before.

Nothing here waits. An attempt is made in a thread, and so is a clean end:

1. An attempt begins when it is time to. There is one at a time.
2. It ends with a line, on which a session begins, or with an error. Then the next time is chosen.
3. A session that is left for the first broker is closed beside the loop. The attempt at the first
   broker begins once that is done: two sessions of one name would end each other.
"""

import logging
import math
import random
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from agent import config
from agent.mqtt.connecting import Line
from agent.mqtt.session import Session, SessionError
from agent.mqtt.waits import Waits
from agent.runner import Threads
from venuewatch.base import clock, log
from venuewatch.base.config import in_words

RETURN_EVERY_S = 60.0

FOUND_LEAST_BYTES: Final = 1_024
"""A broker that does not say what it takes is never thought to take less: beats go on."""

FOUND_FOR_S: Final = 3_600.0
"""How long (s) the agent keeps to what it has found a broker to take."""

_logger = logging.getLogger("agent")


class Attempt:
    """One attempt to connect, made in a thread.

    Attributes:
        outcome: a line, or why there is none; None while it is not known.
    """

    def __init__(self, connect: Callable[[], Line], threads: Threads) -> None:
        self._connect = connect
        self.outcome: Line | Exception | None = None
        threads.run(self._make)

    def _make(self) -> None:
        try:
            self.outcome = self._connect()
        except Exception as error:  # noqa: BLE001 - it ends the attempt, and not the agent
            self.outcome = error


class Found(NamedTuple):
    """The largest packet that a broker seems to take, and until when (monotonic s) that counts."""

    packet_bytes_max: int
    until: float


class Link:
    """Makes one session after the other. Times are monotonic seconds.

    ``connect`` returns a line to a place, and may wait.

    Attributes:
        session: the connection there is, open or opening; None while there is none.
        sessions: how many connections were tried.
        connect_at: when the next one is tried.
    """

    def __init__(
        self,
        where: config.Broker,
        connect: Callable[[config.Place], Line],
        new_session: Callable[[Line, int], Session],
        *,
        threads: Threads,
        rng: random.Random,
        start: float,
    ) -> None:
        self._where = where
        self._connect = connect
        self._new_session = new_session
        self._threads = threads
        self._waits = Waits(rng, max_s=where.reconnect_max_s)
        self._at = 0
        self._trouble: str | None = None
        self._attempt: Attempt | None = None
        self._look: Attempt | None = None
        self._look_back_at = start
        self._is_parting = False
        self._found: dict[config.Place, Found] = {}
        self.session: Session | None = None
        self.sessions = 0
        self.connect_at = start

    @property
    def place(self) -> config.Place:
        """The broker that is connected to, or tried next."""
        return self._where.places[self._at]

    @property
    def next_at(self) -> float:
        """When to call ``step`` next; infinity while a session or a thread says when."""
        is_waiting = self.session is not None or self._attempt is not None or self._is_parting
        return math.inf if is_waiting else self.connect_at

    @property
    def packet_bytes_max(self) -> float:
        """The largest packet that this broker was found to take; infinity where none is known."""
        found = self._found.get(self.place)
        return found.packet_bytes_max if found and clock.monotonic() < found.until else math.inf

    def step(self, now: float) -> None:
        """Begin an attempt if it is time to, and a session on the line that one has made.

        Raises:
            SessionError: it did not work; ``failed`` wants to know.
        """
        is_first_back = self._look is not None and self._take_look()
        session = self.session
        if session is not None:
            if self._at and session.is_open:
                self._look_back(now, is_first_back=is_first_back)
        elif self._attempt is not None:
            self._end_attempt(self._attempt)
        elif now >= self.connect_at and not self._is_parting:
            self.sessions += 1
            self._look_back_at = now + RETURN_EVERY_S
            self._attempt = self._attempt_at(self.place)

    def opened(self) -> None:
        """Note that the session is open."""
        self._trouble = None
        self._waits.opened(clock.monotonic())
        log.event(_logger, logging.INFO, "broker_connected", **self.place._asdict())

    def failed(self, error: SessionError, *, was_open: bool) -> None:
        """Throw the session away, say why if that is news, and choose what to try when."""
        why = str(error)
        if was_open or why != self._trouble:
            self._trouble = why
            name = "broker_lost" if was_open else "broker_unreachable"
            log.event(_logger, logging.WARNING, name, why=why, **self.place._asdict())
        now = clock.monotonic()
        self.connect_at = now + self._end_session(now)
        self._at = 0 if was_open else (self._at + 1) % len(self._where.places)
        if not was_open and self._at == 0:
            self._waits.round_over()

    def _end_session(self, now: float) -> float:
        """Hang up, if there is a session; return how long (s) to wait before the next attempt."""
        session, self.session = self.session, None
        if session is None:
            return self._waits.after_end(now)
        if session.was_too_large:
            self._note_too_large(session.largest_bytes)
        session.drop()
        if session.was_path_narrow:  # the next one begins otherwise, once an hour
            self._waits.left(now)
            return 0.0
        return self._waits.after_end(now, was_taken_over=session.was_taken_over)

    def _note_too_large(self, largest_bytes: int) -> None:
        """Note that this broker ended a session for a packet, the largest one presumably."""
        found = max(FOUND_LEAST_BYTES, largest_bytes - 1)
        self._found[self.place] = Found(found, clock.monotonic() + FOUND_FOR_S)

    def note_twin(self) -> None:
        """Note that another agent has our name, and is the one that has to make way."""
        self._waits.note_twin(clock.monotonic())

    def give_way(self, now: float, *, to: str) -> float:
        """Leave the name to another agent, at the address ``to``; return for how long (s)."""
        wait_s = self._waits.after_yield(now)
        log.event(_logger, logging.WARNING, "name_is_taken", by=to, wait_s=wait_s)
        self._leave(now + wait_s)
        return wait_s

    def renew(self, now: float) -> None:
        """Begin another session at once."""
        self._leave(now)

    def _attempt_at(self, place: config.Place) -> Attempt:
        return Attempt(partial(self._connect, place), self._threads)

    def _end_attempt(self, attempt: Attempt) -> None:
        """Begin a session on the line of an attempt, if that has ended."""
        outcome = attempt.outcome
        if outcome is None:
            return
        self._attempt = None
        if isinstance(outcome, Exception):
            raise SessionError(in_words(outcome, at=str(self.place)))
        self.session = self._new_session(outcome, self.sessions)

    def _take_look(self) -> bool:
        """Tell whether the first broker has just been found to be back, and hang up on it."""
        outcome = None if self._look is None else self._look.outcome
        if outcome is None:
            return False
        self._look = None
        if isinstance(outcome, Exception):
            return False
        outcome.stream.close()
        return True

    def _look_back(self, now: float, *, is_first_back: bool) -> None:
        """Return to the first broker, or look for it if it is time to."""
        if is_first_back:
            log.event(_logger, logging.INFO, "first_broker_is_back", **self.place._asdict())
            self._leave(now)
        elif now >= self._look_back_at and self._look is None:
            self._look_back_at = now + RETURN_EVERY_S
            self._look = self._attempt_at(self._where.places[0])

    def _leave(self, connect_at: float) -> None:
        """Part from the broker, if there is a session, and connect to the first one at a time."""
        self.connect_at = connect_at
        self._waits.left(clock.monotonic())
        if self.session is not None:
            self._at = 0
            self._is_parting = True
            self._threads.run(partial(self._part, self.session))
            self.session = None

    def _part(self, session: Session) -> None:
        try:
            session.leave()
        finally:
            self._is_parting = False
