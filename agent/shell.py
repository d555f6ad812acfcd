"""The agent's loop: beats on time, whatever else goes on.

One thread owns the session and the times of beats. What can wait is done in others: readings are
taken and stored there, and connections made. The loop sleeps until the next thing is due, something
arrives, or it is woken.
"""

import contextlib
import logging
import random
import select
import socket
import threading
from collections import Counter
from functools import partial
from typing import Final, Literal

from agent import config, identity
from agent.beat_queue import BeatQueue
from agent.beat_times import BeatTimes
from agent.centre import Centre
from agent.identity import milliseconds
from agent.means import means_of
from agent.mqtt import connecting
from agent.mqtt.link import Link
from agent.mqtt.paths import Paths
from agent.mqtt.protocol import Limits, Receipt
from agent.mqtt.session import Name, Session, SessionError
from agent.outbox import Outbox, Send
from agent.probes import WORTH_S, Probes
from agent.put_back import PutBack
from agent.readings import Readings
from agent.runner import Pool
from agent.slots import Slots
from agent.spool.ages import Ages
from agent.spool.disk import Spool
from agent.spool.thread import SpoolThread
from agent.status import NOT_YET, Status, status_of
from venuewatch.base import clock, log
from venuewatch.base.systemd import CONNECTED, HEARS, Systemd
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import (
    Acknowledge,
    Beat,
    BirthRefused,
    Death,
    Grant,
    Probe,
    SayCatalogue,
    Yield,
    encode,
)
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.topics import Stream

READING_EXPIRY_S = 3_600
"""How long (s) the broker keeps readings for a centre that is away."""

CLOSED_WITHIN_S: Final = 0.1
"""How long (s) the end waits for checks that are at work."""

_logger = logging.getLogger("agent")


class Agent:
    """Publishes that this machine lives, and its readings, until told to stop."""

    def __init__(self, settings: config.Config, *, rng: random.Random) -> None:
        start = clock.monotonic()
        self._settings = settings
        self._topics = {
            stream: topics.topic(settings.venue, settings.host, stream) for stream in Stream
        }
        self._boot = identity.new_boot()
        self._wake, self._waker = socket.socketpair()
        self._wake.settimeout(0.0)
        self._waker.settimeout(0.0)
        pool = self._threads = Pool(self._nudge)
        self._refused: Counter[str] = Counter()
        connect = partial(connecting.connect, settings.broker, Paths())
        self._link = Link(
            settings.broker, connect, self._new_session, threads=pool, rng=rng, start=start
        )
        self._readings = Readings(
            settings, boot=self._boot, threads=pool, start=start, rng=rng, own=self._own
        )
        folder, max_bytes = str(settings.spool.directory), settings.spool.max_bytes
        spool = partial(Spool, folder, host=settings.host, max_bytes=max_bytes)
        self._spool = SpoolThread(spool, self._nudge)
        self._means = means_of(self._spool)
        self._ages = Ages(identity.machine_run() or self._boot, clock.since_boot)
        self._outbox = Outbox(self._spool, boot=self._boot, ages=self._ages)
        self._centre = Centre(self._outbox.credit)
        self._beat_queue = BeatQueue(self._outbox, interval_s=settings.heartbeat.interval_s)
        self._probes = Probes(settings.probe, pool, boot=self._boot)
        self._beats = BeatTimes(start, settings.heartbeat.interval_s, host=settings.host)
        self._systemd = Systemd()
        self._watchdog = Slots(start, self._systemd.watchdog_every_s or 86_400.0)
        self._put_back = PutBack()
        self._is_put_back = False
        self._gives_way_to: str | None = None
        self._is_announced = False
        self._is_heard = True
        self._birth_refused: BirthRefused | None = None
        self._trouble = NOT_YET
        self._is_stopping = False

    def stop(self) -> None:
        """End soon, with a farewell. May be called from a signal handler."""
        self._is_stopping = True
        self._nudge()

    def status(self) -> Status:
        """Return how it stands now. Any thread may ask."""
        parts = (self._link, self._centre, self._spool)
        return status_of(self._settings, *parts, self._trouble, self._birth_refused)

    def run(self) -> None:
        """Beat until stopped."""
        log.event(_logger, logging.INFO, "agent_started", **self._who(), boot=self._boot)
        # Ready without a broker too: systemd must not restart what waits for one.
        self._systemd.ready("connecting")
        while not self._is_stopping:
            try:
                self._step()
            except SessionError as error:
                self._link.failed(error, was_open=self._is_announced)
                self._trouble = str(error)
                self._systemd.status(f"not connected: {error}")
                self._end_session()
        self._end()
        log.event(_logger, logging.INFO, "agent_stopped", **self._who())

    def _end(self) -> None:
        """Say farewell, and store what was read. Nothing here waits for long."""
        self._systemd.stopping()
        closed = self._closing()
        session = self._link.session
        if session is not None and session.is_open:
            session.close(self._last_words(self._link.sessions, "farewell"))
        elif session is not None:
            session.drop()
        self._beat_queue.add(
            self._readings.rest(self._link.sessions), None, None, clock.monotonic()
        )
        self._outbox.close()
        closed.wait(CLOSED_WITHIN_S)
        self._wake.close()
        self._waker.close()

    def _closing(self) -> threading.Event:
        """Have the checks let go of what they hold, beside us; return what is set once they have.

        One that is at work may take its time, and the end of the process frees all there is.
        """
        closed = threading.Event()

        def close() -> None:
            try:
                self._readings.close()
            finally:
                closed.set()

        self._threads.run(close)
        return closed

    def _step(self) -> None:
        now = clock.monotonic()
        if self._is_put_back or self._gives_way_to is not None:
            self._make_way(now)
        self._link.step(now)
        session = self._link.session
        if session is None and self._is_announced:  # it was left for the first broker
            self._end_session()
        elif session is not None and session.is_open and not self._is_announced:
            self._announce(session)
        self._beat(now)
        self._answer(now)
        self._read(now)
        if self._watchdog.take(now) is not None:
            self._systemd.alive()
        self._sleep()

    def _make_way(self, now: float) -> None:
        """End the session if another agent keeps the name, or if this machine was put back."""
        if self._gives_way_to is not None:
            to, self._gives_way_to = self._gives_way_to, None
            self._end_session()
            wait_s = self._link.give_way(now, to=to)
            by = f"at {to} " if to else ""
            self._trouble = f"another agent {by}has our name: we try again in {wait_s:g} s"
            self._systemd.status(self._trouble)
        elif self._is_put_back:
            self._is_put_back = False
            self._end_session()
            self._begin_boot()
            self._link.renew(now)

    def _end_session(self) -> None:
        self._is_announced = False
        self._outbox.session_ended()

    def _begin_boot(self) -> None:
        """Have another boot id from here on: what was numbered is not numbered again."""
        self._boot = identity.new_boot()
        self._readings.begin_boot(self._boot)
        self._outbox.begin_boot(self._boot)
        self._ages.begin_boot(self._boot)
        self._probes.begin_boot(self._boot)
        log.event(_logger, logging.WARNING, "machine_put_back", boot=self._boot)

    def _sleep(self) -> None:
        session = self._link.session
        due = [self._beats.next_at, self._readings.next_at, self._outbox.next_at()]
        due += [self._watchdog.next_at, self._link.next_at]
        timeout_s = max(0.0, min(due) - clock.monotonic())
        if session is not None:
            is_woken = session.wait(timeout_s, self._wake)
        else:
            is_woken = bool(select.select([self._wake], [], [], timeout_s)[0])
        if is_woken:
            self._wake.recv(4096)

    def _new_session(self, line: connecting.Line, number: int) -> Session:
        return Session(
            self._settings.broker,
            line,
            name=Name(self._settings.host, self._last_words(number, "lost")),
            subscriptions=[*topics.FOR_AGENTS, self._topics[Stream.CMD]],
            on_message=self._hear,
            limits=Limits(self._link.packet_bytes_max, self._refused),
        )

    def _announce(self, session: Session) -> None:
        """Publish the birth and a beat, before anything else."""
        self._is_announced = True
        self._birth_refused = None
        self._link.opened()
        self._readings.packet_bytes_max = session.packet_bytes_max
        self._systemd.status(f"{CONNECTED}{self._link.place.address}")
        self._centre.session_began(clock.monotonic())
        self._put_back.session_began()
        self._beats.session_began()
        self._publish_birth(session)
        self._publish_beat(session, max(0, self._beats.taken))

    def _beat(self, now: float) -> None:
        number = self._beats.take(now)
        session = self._link.session
        if number is None or session is None or not self._is_announced or session.is_congested:
            return  # what the network has not taken yet is older: nobody wants both
        if session.connection.is_acknowledged():
            self._beats.acknowledged()
            self._publish_beat(session, number)
            self._beat_queue.follow_beat(session.connection, self._sender(now), now)
            self._follow_ticks(session.connection.round_trip_s)
        else:
            self._beats.put_off(number, now)

    def _answer(self, now: float) -> None:
        """Publish the answers of probes, while they are of use."""
        session = self._link.session
        if session is None or not self._is_announced or session.is_congested:
            return
        for probed in self._probes.answers(now, self._link.sessions):
            topic = self._topics[Stream.PROBED]
            session.publish(topic, encode(probed), qos=1, expiry_s=WORTH_S)

    def _read(self, now: float) -> None:
        """Take readings, and send or keep them; the backlog goes on while an aggregator listens."""
        send = self._sender(now)
        readings = self._readings.advance(now, self._link.sessions)
        session = self._link.session if self._is_announced else None
        connection = None if session is None else session.connection
        self._beat_queue.add(readings, connection, send, now)
        self._outbox.advance(send, self._link.sessions, now)

    def _follow_ticks(self, round_trip_s: float | None) -> None:
        early_s = self._beats.follow_ticks(round_trip_s)
        if round_trip_s is not None and early_s > 0.0:
            rounded = {"early_s": round(early_s, 3), "round_trip_s": round(round_trip_s, 3)}
            log.event(_logger, logging.INFO, "beats_moved", **rounded)

    def _sender(self, now: float) -> Send | None:
        """Return how readings go out now; None while the aggregator does not listen."""
        session = self._link.session
        if session is None or not self._is_announced:
            return None
        is_heard = self._centre.is_listening(now)
        if is_heard != self._is_heard and (is_heard or self._centre.is_silent(now)):
            self._is_heard = is_heard
            name = "centre_listens" if is_heard else "centre_silent"
            level = logging.INFO if is_heard else logging.WARNING
            log.event(_logger, level, name, **self._link.place._asdict())
        return partial(self._publish, session) if is_heard else None

    def _publish(self, session: Session, stream: Stream, payload: bytes) -> Receipt:
        expiry_s = None if stream is Stream.BACKLOG else READING_EXPIRY_S
        return session.publish(self._topics[stream], packed(payload), qos=1, expiry_s=expiry_s)

    def _publish_birth(self, session: Session) -> None:
        birth = identity.birth(
            self._settings,
            boot=self._boot,
            session=self._link.sessions,
            address=session.local_address,
            stock_tcp=not session.connection.is_thin,
        )
        session.publish(self._topics[Stream.BIRTH], encode(birth), qos=1, is_retained=True)

    def _publish_beat(self, session: Session, number: int) -> None:
        now = clock.monotonic()
        echoes = self._centre.echoes(now)
        beat = Beat(
            boot=self._boot,
            session=self._link.sessions,
            seq=number,
            mono_ms=milliseconds(now),
            wall_ms=milliseconds(clock.wall()),
            tick=echoes[0] if echoes else None,
            other_ticks=echoes[1:],
            late_ms=milliseconds(self._beats.say_lateness()),
        )
        session.publish(self._topics[Stream.BEAT], encode(beat), qos=0)
        session.connection.wrote()

    def _hear(self, topic: str, payload: bytes) -> None:
        now = clock.monotonic()
        try:
            if topic == self._topics[Stream.CMD]:
                self._obey(messages.decode_command(payload), now)
            elif topic.endswith("/tick"):
                tick = messages.decode_tick(payload)
                is_first = self._centre.hear_tick(topic, tick, now)
                if is_first and self._birth_refused is None:  # an upgrade on this host waits for it
                    self._systemd.status(f"{CONNECTED}{self._link.place.address}{HEARS}")
                self._beats.hear_tick(now, topic)
                self._is_put_back |= self._put_back.hear_tick(topic, tick, clock.since_boot())
            else:
                state = messages.decode_centre_state(payload)
                self._centre.hear_state(topic, state, now)
                self._put_back.hear_state(topic, state)
        except MalformedMessageError as error:
            log.event(_logger, logging.WARNING, "message_refused", topic=topic, why=str(error))

    def _obey(self, command: messages.Command, now: float) -> None:
        session = self._link.session
        if isinstance(command, Acknowledge):
            if command.boot == self._boot:
                self._outbox.acknowledged(command.number, now)
        elif isinstance(command, Grant):
            self._outbox.credit.hear_grant(command, now)
        elif isinstance(command, Probe):
            self._probes.ask(command, now)
        elif isinstance(command, SayCatalogue):
            self._outbox.say_again(self._readings.catalogue, self._sender(now), now)
        elif isinstance(command, BirthRefused):
            self._note_refusal(command)
        elif isinstance(command, Yield):
            if command.boot == self._boot:
                self._gives_way_to = command.address
            else:
                self._link.note_twin()
        elif session is not None:
            self._publish_birth(session)

    def _note_refusal(self, refused: BirthRefused) -> None:
        """Tell the operator of this host, once a session, that the centre can't take our birth."""
        if refused != self._birth_refused:
            self._birth_refused = refused
            field = refused.field or "the whole message"
            log.event(_logger, logging.ERROR, "birth_refused", field=field, why=refused.why)
            self._systemd.status(f"the centre refuses our birth, for {field}: {refused.why}")

    def _own(self) -> dict[str, object]:
        spool, outbox = self._spool.status, self._outbox
        return {
            "venuewatch_agent_sessions_total": self._link.sessions,
            "venuewatch_agent_in_flight_messages": outbox.in_flight,
            "venuewatch_agent_readings_total": self._readings.taken,
            "venuewatch_agent_readings_skipped_total": self._readings.skipped,
            "venuewatch_agent_spool_records": spool.pending,
            "venuewatch_agent_spool_bytes": spool.size_bytes,
            "venuewatch_agent_dropped_total": spool.dropped + outbox.unreadable + outbox.too_large,
            "venuewatch_agent_publications_refused_total": list(self._refused.items()),
            "venuewatch_agent_means_refused_total": self._means.look(clock.monotonic()),
            "venuewatch_agent_probes_dropped_total": self._probes.dropped,
        }

    def _last_words(self, session: int, reason: Literal["lost", "farewell"]) -> tuple[str, bytes]:
        death = Death(boot=self._boot, session=session, reason=reason)
        return self._topics[Stream.DEATH], encode(death)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):  # full: it wakes up anyway; closed: it has ended
            self._waker.send(b"w")

    def _who(self) -> dict[str, object]:
        return {"venue": self._settings.venue, "host": self._settings.host}
