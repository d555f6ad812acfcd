"""Chooses the broker to connect to, and the time of the next attempt.

Brokers are tried in their order; after a lost one comes the first. On any other than the first,
the agent tries from time to time to reach the first, and returns to it. ``waits`` has how long it
waits before.
"""

import contextlib
import logging
import random
import socket
from collections.abc import Callable

from agent import config
from agent.mqtt.session import CONNECT_TIMEOUT_S, Session, SessionError
from agent.mqtt.waits import Waits
from agent.runner import Threads
from venuewatch.base import clock, log

RETURN_EVERY_S = 60.0

_logger = logging.getLogger("agent")


class Link:
    """Makes one session after the other. Times are monotonic seconds.

    Attributes:
        session: the connection there is, open or opening; None while there is none.
        sessions: how many connections were tried.
        connect_at: when the next one is tried.
    """

    def __init__(
        self,
        where: config.Broker,
        new_session: Callable[[config.Place, int], Session],
        *,
        threads: Threads,
        rng: random.Random,
        start: float,
    ) -> None:
        self._where = where
        self._new_session = new_session
        self._threads = threads
        self._waits = Waits(rng, max_s=where.reconnect_max_s)
        self._at = 0
        self._trouble: str | None = None
        self._look_back_at = start
        self._is_first_back = False
        self.session: Session | None = None
        self.sessions = 0
        self.connect_at = start

    @property
    def place(self) -> config.Place:
        """The broker that is connected to, or tried next."""
        return self._where.places[self._at]

    def step(self, now: float) -> None:
        """Connect if it is time to.

        Raises:
            SessionError: it did not work; ``failed`` wants to know.
        """
        if self.session is None and now >= self.connect_at:
            self.sessions += 1
            self.session = self._new_session(self.place, self.sessions)
            self._look_back_at = now + RETURN_EVERY_S
        elif self._at and self.session is not None and self.session.is_open:
            self._look_back(now)

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
        was_taken_over = self.session is not None and self.session.was_taken_over
        if self.session is not None:
            self.session.drop()
            self.session = None
        now = clock.monotonic()
        self.connect_at = now + self._waits.after_end(now, was_taken_over=was_taken_over)
        self._at = 0 if was_open else (self._at + 1) % len(self._where.places)
        if not was_open and self._at == 0:
            self._waits.round_over()

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

    def _look_back(self, now: float) -> None:
        if self._is_first_back:
            log.event(_logger, logging.INFO, "first_broker_is_back", **self.place._asdict())
            self._is_first_back = False
            self._leave(now)
        elif now >= self._look_back_at:
            self._look_back_at = now + RETURN_EVERY_S
            self._threads.run(self._try_first)

    def _leave(self, connect_at: float) -> None:
        """Part from the broker, if there is a session, and connect to the first one at a time."""
        self._at = 0
        self.connect_at = connect_at
        self._waits.left(clock.monotonic())
        if self.session is not None:
            self.session.leave()
            self.session = None

    def _try_first(self) -> None:
        first = self._where.places[0]
        with contextlib.suppress(OSError):
            socket.create_connection(first, CONNECT_TIMEOUT_S).close()
            self._is_first_back = True
