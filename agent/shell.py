"""The agent's loop: beats on time, whatever else goes on.

One thread owns the session and the schedule; readings are taken in another. The loop sleeps
until the next thing is due, something arrives, or it is woken.
"""

import base64
import contextlib
import logging
import os
import platform
import random
import select
import signal
import socket
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import Literal

import psutil

from agent import config, vitals
from agent.schedule import Slots
from agent.session import Session, SessionError
from agent.worker import Worker
from venuewatch import clock, log
from venuewatch.wire import messages, reconnect, topics
from venuewatch.wire.errors import MalformedMessageError
from venuewatch.wire.messages import Beat, Birth, Death, Echo, Tick, Vitals, encode
from venuewatch.wire.readings import Readings
from venuewatch.wire.topics import Stream

_logger = logging.getLogger("agent")


class Agent:
    """Says that this machine lives, and how it is, until told to stop."""

    def __init__(
        self,
        settings: config.Config,
        *,
        rng: random.Random,
        read_vitals: Callable[[], Readings] | None = None,
    ) -> None:
        self._settings = settings
        self._rng = rng
        self._topics = {
            stream: topics.topic(settings.venue, settings.host, stream) for stream in Stream
        }
        self._boot = base64.b32encode(os.urandom(5)).decode().lower()
        self._sessions = 0
        self._session: Session | None = None
        self._attempt = 0
        self._connect_at = clock.monotonic()
        self._trouble: str | None = None
        self._centre_state: str | None = None
        self._heard_tick: tuple[Tick, float] | None = None
        self._unsent: Vitals | None = None
        self._is_announced = False
        self._is_stopping = False
        self._wake, self._waker = socket.socketpair()
        self._wake.settimeout(0.0)
        self._waker.settimeout(0.0)
        self._beats = Slots(self._connect_at, settings.heartbeat.interval_s)
        self._vitals = Slots(self._connect_at, settings.heartbeat.vitals_every_s)
        self._worker = Worker(read_vitals or _vitals_reader(), self._waker)

    def stop(self) -> None:
        """End soon, with a farewell. May be called from a signal handler."""
        self._is_stopping = True
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b"s")

    def run(self) -> None:
        """Beat until stopped."""
        log.event(_logger, logging.INFO, "agent_started", **self._who(), boot=self._boot)
        while not self._is_stopping:
            try:
                self._step()
            except SessionError as error:
                self._end_session(str(error))
        if self._session is not None and self._session.is_open:
            self._session.close(self._last_words("farewell"))
        log.event(_logger, logging.INFO, "agent_stopped", **self._who())

    def _step(self) -> None:
        now = clock.monotonic()
        session = self._session
        if session is None and now >= self._connect_at:
            session = self._connect()
        if session is not None and session.is_open and not self._is_announced:
            self._announce(session)
        self._beat(now)
        self._read_vitals(now)
        self._sleep(session)

    def _sleep(self, session: Session | None) -> None:
        next_at = min(self._beats.next_at, self._vitals.next_at)
        if session is None:
            next_at = min(next_at, self._connect_at)
        timeout_s = max(0.0, next_at - clock.monotonic())
        if session is not None:
            session.wait(timeout_s, self._wake)
        else:
            select.select([self._wake], [], [], timeout_s)
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)

    def _connect(self) -> Session:
        self._sessions += 1
        self._is_announced = False
        self._heard_tick = None
        self._session = Session(
            self._settings.broker,
            client_id=self._settings.host,
            will=self._last_words("lost"),
            subscriptions=[topics.TICK, topics.CENTRE_STATES, self._topics[Stream.CMD]],
            on_message=self._hear,
        )
        return self._session

    def _end_session(self, why: str) -> None:
        was_taken_over = False
        if self._session is not None:
            was_taken_over = self._session.was_taken_over
            self._session.drop()
            self._session = None
        if self._is_announced or why != self._trouble:
            self._trouble = why
            name = "broker_lost" if self._is_announced else "broker_unreachable"
            log.event(_logger, logging.WARNING, name, why=why, **self._place())
        if was_taken_over:  # two of us would otherwise take it from each other each second
            self._attempt = reconnect.AT_CEILING
        else:
            self._attempt = 0 if self._is_announced else self._attempt + 1
        self._is_announced = False
        self._connect_at = clock.monotonic() + reconnect.wait_before(
            self._attempt, self._rng, max_s=self._settings.broker.reconnect_max_s
        )

    def _announce(self, session: Session) -> None:
        """Say who we are, and that we live, before anything else."""
        self._is_announced = True
        self._trouble = None
        log.event(_logger, logging.INFO, "broker_connected", **self._place())
        self._publish_birth(session)
        self._publish_beat(session, max(0, self._beats.taken))

    def _beat(self, now: float) -> None:
        number = self._beats.take(now)
        session = self._session
        # What the network has not taken yet is older than this beat: nobody wants both.
        if (
            number is not None
            and session is not None
            and self._is_announced
            and not session.is_congested
        ):
            self._publish_beat(session, number)

    def _read_vitals(self, now: float) -> None:
        number = self._vitals.take(now)
        if number is not None:
            self._worker.ask(number)
        for taken, readings in self._worker.results():
            self._unsent = Vitals(
                boot=self._boot,
                session=self._sessions,
                seq=taken,
                wall_ms=_ms(clock.wall()),
                readings=readings,
            )
        if self._unsent is not None and self._session is not None and self._is_announced:
            self._session.publish(self._topics[Stream.VITALS], encode(self._unsent), qos=1)
            self._unsent = None

    def _publish_birth(self, session: Session) -> None:
        heartbeat, facts = self._settings.heartbeat, platform.uname()
        birth = Birth(
            boot=self._boot,
            session=self._sessions,
            wall_ms=_ms(clock.wall()),
            interval_s=heartbeat.interval_s,
            vitals_every_s=heartbeat.vitals_every_s,
            agent_version=version("venuewatch"),
            role=self._settings.role,
            address=session.local_address,
            sysname=facts.system,
            nodename=facts.node,
            release=facts.release,
            version=facts.version,
            machine=facts.machine,
            os_boot_ms=_ms(psutil.boot_time()),
        )
        session.publish(self._topics[Stream.BIRTH], encode(birth), qos=1, is_retained=True)

    def _publish_beat(self, session: Session, number: int) -> None:
        now = clock.monotonic()
        beat = Beat(
            boot=self._boot,
            session=self._sessions,
            seq=number,
            mono_ms=_ms(now),
            wall_ms=_ms(clock.wall()),
            tick=self._echo(now),
        )
        session.publish(self._topics[Stream.BEAT], encode(beat), qos=0)

    def _echo(self, now: float) -> Echo | None:
        if self._heard_tick is None:
            return None
        tick, heard_at = self._heard_tick
        self._heard_tick = None
        return Echo(number=tick.number, held_ms=_ms(now - heard_at))

    def _hear(self, topic: str, payload: bytes) -> None:
        try:
            if topic == topics.TICK:
                self._heard_tick = messages.decode_tick(payload), clock.monotonic()
            elif topic == self._topics[Stream.CMD]:
                messages.decode_command(payload)
                if self._session is not None:
                    self._publish_birth(self._session)
            else:
                self._hear_centre(messages.decode_centre_state(payload).state)
        except MalformedMessageError as error:
            log.event(_logger, logging.WARNING, "message_refused", topic=topic, why=str(error))

    def _hear_centre(self, state: str) -> None:
        if state != self._centre_state:
            self._centre_state = state
            log.event(_logger, logging.INFO, "centre_changed", state=state)

    def _last_words(self, reason: Literal["lost", "farewell"]) -> tuple[str, bytes]:
        death = Death(boot=self._boot, session=self._sessions, reason=reason)
        return self._topics[Stream.DEATH], encode(death)

    def _who(self) -> dict[str, object]:
        return {"venue": self._settings.venue, "host": self._settings.host}

    def _place(self) -> dict[str, object]:
        return {"address": self._settings.broker.address, "port": self._settings.broker.port}


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _vitals_reader() -> Callable[[], Readings]:
    collectors = vitals.found()
    return lambda: vitals.gather(collectors, clock.monotonic)


def serve(settings: config.Config) -> int:
    """Run the agent of ``settings`` until SIGINT or SIGTERM; return which it was."""
    agent = Agent(settings, rng=random.Random())
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        agent.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    agent.run()
    return received[0]
