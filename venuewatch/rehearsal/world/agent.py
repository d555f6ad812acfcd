"""Runs an agent that beats, reads, obeys and reconnects as the real one does.

The parts of the real agent that need no I/O are used as they are: its beat times, its view of the
centre, its outbox and the queue behind its beats. Only processes, sockets and disks are modelled.
"""

import math
import random
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal, NamedTuple, Protocol, TypeAlias, cast

from agent.beat_queue import BeatQueue
from agent.beat_times import BeatTimes
from agent.centre import Centre
from agent.config import KEEPALIVE_S
from agent.mqtt.waits import Waits
from agent.outbox import Outbox, Send
from agent.put_back import PutBack
from agent.spool.ages import Ages
from agent.spool.thread import SpoolThread
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.links import RECONNECT_MAX_S, Link
from venuewatch.base.wire.messages import Beat, Birth, Death, Probe, Probed, encode
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import Route
from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.machine import Machine
from venuewatch.rehearsal.world.process import SimProcess
from venuewatch.rehearsal.world.readings import VITALS_EVERY_S, Sampler
from venuewatch.rehearsal.world.session import AgentSession, Delivery
from venuewatch.rehearsal.world.spool import MemoryKeeper

INTERVAL_S = 1.0  # agent.config.Heartbeat
STEP_S = 0.000_5  # what one turn of its loop takes, about
FLOOD_EVERY_S = 0.1
FAREWELL_WITHIN_S = 0.5  # agent.mqtt.session: how long it waits for the broker to have a farewell

_tick_of = lru_cache(maxsize=16)(messages.decode_tick)  # all agents get the same bytes


class Answer(Protocol):
    """Takes what came of a question over the LAN."""

    def __call__(self, *, is_reached: bool, took_s: float) -> None:
        """Hear whether anything came back, after ``took_s``."""


Reach: TypeAlias = Callable[[str, float, Answer], None]
"""Asks an address over the LAN, for so long (s), and has the answer taken once."""


class AgentSite(NamedTuple):
    """An agent's place: its name, its link, and the route to its broker."""

    venue: str
    host: str
    link: Link
    route: Route
    reach: Reach
    reconnect_max_s: float = RECONNECT_MAX_S


class Agent:
    """One run of the agent on a machine, from its start on.

    Attributes:
        boot: random, new with every run.
        process: to be stopped, frozen or ended.
        session_count: how many connections it has tried.
        is_connected: whether it has an open session and has said who it is.
    """

    def __init__(self, loop: Loop, rng: random.Random, machine: Machine, site: AgentSite) -> None:
        self._loop = loop
        self._rng = rng
        self._machine = machine
        self._site = site
        self._topics = {stream: topics.topic(site.venue, site.host, stream) for stream in Stream}
        self._beat_topic = self._topics[Stream.BEAT]
        self._command_topic = self._topics[Stream.CMD]
        self.boot = f"{rng.getrandbits(40):08x}"
        self.process = SimProcess(loop)
        self.session_count = 0
        self._session: AgentSession | None = None
        self._connect_at = loop.now
        self._waits = Waits(rng, max_s=RECONNECT_MAX_S)
        self._put_back = PutBack()
        self._gives_way = self._is_put_back = False
        self.is_connected = False
        self._farewell: Delivery | None = None
        self._leave_by = 0.0
        self._is_idle = False  # whether only its beats and readings are to be done
        self._is_woken = False
        self._keepalive_s = KEEPALIVE_S[site.link]
        self._beats = BeatTimes(loop.now, INTERVAL_S, host=site.host)
        self._readings = Sampler(loop, rng, machine, self.boot)
        self._keeper = MemoryKeeper(machine.disk, self._wake_soon)
        self._ages = Ages(f"{machine.started_at:g}", lambda: machine.mono)
        keeper = cast(SpoolThread, self._keeper)
        self._outbox = Outbox(keeper, boot=self.boot, ages=self._ages)
        self._centre = Centre(self._outbox.credit)
        self._beat_queue = BeatQueue(self._outbox, interval_s=INTERVAL_S)
        self._alarm = Alarm(loop, partial(self.process.run, self._step))
        self._flood_per_s = 0.0
        self._flood_alarm = Alarm(loop, partial(self.process.run, self._pour))
        self._wake_soon()

    @property
    def is_content(self) -> bool:
        """Whether it is heard, and nothing waits to be said."""
        return self.is_connected and not self._keeper.status.pending

    def kill(self) -> None:
        """End the process at once; its kernel closes its connection."""
        if self._session is not None:
            self._session.hang_up()
        self.process.end()

    def lose_power(self) -> None:
        """End the process with its kernel: nothing more is sent."""
        self.process.end()
        if self._session is not None:
            self._session.vanish()

    def stop(self) -> None:
        """Say farewell, wait a moment until the broker has it, and end."""
        self.process.run(self._say_farewell)

    def flood(self, per_s: float) -> None:
        """Publish junk beside its beats from now on, so much a second; 0: no more."""
        self._flood_per_s = per_s
        self._pour()

    def keep_more(self, records: int) -> None:
        """Have so many more readings in its spool, as if it had not been heard for so long."""
        for _ in range(records):
            vitals = self._readings.vitals(self._loop.now, self.session_count)
            self._keeper.keep(vitals.payload, vitals.catalogue)

    def _pour(self) -> None:
        if not self._flood_per_s or self.process.is_dead:
            return
        if self._session is not None and self.is_connected:
            for _ in range(round(self._flood_per_s * FLOOD_EVERY_S)):
                self._session.publish(self._beat_topic, b"?" * 100)
        self._flood_alarm.set(self._loop.now + FLOOD_EVERY_S)

    def _say_farewell(self) -> None:
        self._leave_by = self._loop.now + FAREWELL_WITHIN_S
        if self._session is None or not self.is_connected:
            self.kill()
            return
        self._farewell = self._session.publish(
            *self._death("farewell"), is_certain=True, is_retained=True
        )
        self._wake_soon()

    def _leave_if_heard(self, receipt: Delivery) -> None:
        if receipt.is_published() or self._loop.now >= self._leave_by:
            if self._session is not None:
                self._session.leave()
            self.kill()

    def _wake_soon(self) -> None:
        self._is_woken = True
        self._alarm.set(self._loop.now)

    def _step(self) -> None:
        now = self._loop.now
        self._is_woken = False
        if self._farewell is not None:
            self._leave_if_heard(self._farewell)
            if not self.process.is_dead:
                self._alarm.set(self._leave_by)
            return
        self._make_way(now)
        self._link(now)
        line = self._line(now)
        self._beat(now, line)
        readings = self._readings.take(now, self.session_count)
        self._beat_queue.add(readings, self._session if self.is_connected else None, line, now)
        self._outbox.advance(line, self.session_count, now)
        self._sleep()

    def _sleep(self) -> None:
        outbox_at = self._outbox.next_at()
        due = [self._beats.next_at, self._readings.next_at, outbox_at]
        if self._session is None:
            due.append(self._connect_at)
        self._is_idle = outbox_at == math.inf and not self._machine.disk.records
        # A loop takes its time: what is due by a rounding error must not be due for ever.
        now = self._loop.now
        self._alarm.set(now if self._is_woken else max(min(due), now + STEP_S))

    def _link(self, now: float) -> None:
        """Connect when it is time to, and look after the session there is."""
        session = self._session
        if session is not None:
            session.look()
            if session.has_ended:
                self._lost(session, now)
            elif session.is_open and not self.is_connected:
                self._announce(session, now)
        elif now >= self._connect_at:
            self._connect()

    def _connect(self) -> None:
        self.session_count += 1
        connect = packets.Connect(self._site.host, self._keepalive_s, self._death("lost"))
        self._session = AgentSession(
            self._loop,
            self.process,
            connect,
            (*topics.FOR_AGENTS, self._command_topic),
            on_message=self._hear,
            on_change=self._wake_soon,
        )
        self._session.begin(self._site.route)

    def _make_way(self, now: float) -> None:
        """Part from the broker where ``agent.shell`` does."""
        if not self._gives_way and not self._is_put_back:
            return
        if self._session is not None:
            self._session.leave()
            self._session = None
        self.is_connected = False
        self._outbox.session_ended()
        self._connect_at = now
        if self._gives_way:
            self._connect_at += self._waits.after_yield(now)
        else:
            self._waits.left(now)
            self.boot = f"{self._rng.getrandbits(40):08x}"
            self._readings.begin_boot(self.boot)
            self._outbox.begin_boot(self.boot)
            self._ages.begin_boot(self.boot)
        self._gives_way = self._is_put_back = False

    def _lost(self, session: AgentSession, now: float) -> None:
        """Throw the session away and choose when to try again, as ``agent.mqtt.link`` does."""
        wait_s = self._waits.after_end(now, was_taken_over=session.was_taken_over)
        self._connect_at = now + wait_s
        if not self.is_connected:
            self._waits.round_over()
        self._session = None
        self.is_connected = False
        self._outbox.session_ended()

    def _announce(self, session: AgentSession, now: float) -> None:
        self.is_connected = True
        self._waits.opened(now)
        self._centre.session_began(now)
        self._put_back.session_began()
        self._beats.session_began()
        self._publish_birth(session)
        self._publish_beat(session, max(0, self._beats.taken))

    def _beat(self, now: float, line: Send | None) -> None:
        number = self._beats.take(now)
        session = self._session
        if number is None or session is None or not self.is_connected:
            return
        if session.is_beat_acknowledged:
            self._beats.acknowledged()
            self._publish_beat(session, number)
            self._beat_queue.follow_beat(session, line, now)
            self._beats.follow_ticks(session.round_trip_s)
        else:
            self._beats.put_off(number, now)

    def _line(self, now: float) -> Send | None:
        session = self._session
        if session is None or not self.is_connected or not self._centre.is_listening(now):
            return None
        return partial(self._publish, session)

    def _publish(self, session: AgentSession, stream: Stream, payload: bytes) -> Delivery:
        return session.publish(self._topics[stream], packed(payload), is_certain=True)

    def _death(self, reason: Literal["lost", "farewell"]) -> tuple[str, bytes]:
        return self._topics[Stream.DEATH], encode(Death(self.boot, self.session_count, reason))

    def _publish_birth(self, session: AgentSession) -> None:
        birth = Birth(
            boot=self.boot,
            session=self.session_count,
            wall_ms=self._machine.clock.wall_ms,
            interval_s=INTERVAL_S,
            vitals_every_s=VITALS_EVERY_S,
            agent_version="simulated",
            address=self._machine.address,
            keepalive_s=self._keepalive_s,
            own_ticks=True,
            yields=True,
            reconnect_max_s=self._site.reconnect_max_s,
        )
        topic = self._topics[Stream.BIRTH]
        session.publish(topic, encode(birth), is_certain=True, is_retained=True)

    def _publish_beat(self, session: AgentSession, number: int) -> None:
        echoes = self._centre.echoes(self._loop.now)
        beat = Beat(
            boot=self.boot,
            session=self.session_count,
            seq=number,
            mono_ms=round(self._machine.mono * 1000),
            wall_ms=self._machine.clock.wall_ms,
            tick=echoes[0] if echoes else None,
            other_ticks=echoes[1:],
            late_ms=round(self._beats.say_lateness() * 1000),
        )
        session.publish(self._beat_topic, encode(beat))
        session.wrote()

    def _hear(self, topic: str, payload: bytes) -> bool:
        """Take in a message; return whether the agent has to look what is to be done."""
        now = self._loop.now
        if topic.endswith("/tick"):
            tick = _tick_of(payload)
            self._centre.hear_tick(topic, tick, now)
            self._beats.hear_tick(now, topic)
            self._is_put_back |= self._put_back.hear_tick(topic, tick, self._machine.mono)
            return self._is_put_back or not self._rests_on(now)
        if topic == self._command_topic:
            self._obey(messages.decode_command(payload), now)
        else:
            state = messages.decode_centre_state(payload)
            self._centre.hear_state(topic, state, now)
            self._put_back.hear_state(topic, state)
        return True

    def _rests_on(self, now: float) -> bool:
        """Tell whether a look now would find nothing to do, and change nothing that is due."""
        at, session = self._alarm.at, self._session
        if at is None or at <= now + STEP_S or not self._is_idle or self._farewell is not None:
            return False
        return self.is_connected and session is not None and session.has_lately_sent()

    def _obey(self, command: messages.Command, now: float) -> None:
        if isinstance(command, messages.Acknowledge):
            if command.boot == self.boot:
                self._outbox.acknowledged(command.number, now)
        elif isinstance(command, messages.SayCatalogue):
            self._outbox.say_again(self._readings.catalogue, self._line(now), now)
        elif isinstance(command, messages.Grant):
            self._outbox.credit.hear_grant(command, now)
        elif isinstance(command, Probe):
            answer = partial(self._answer, command)
            self._site.reach(command.address, command.timeout_s, answer)
        elif isinstance(command, messages.Yield):
            if command.boot == self.boot:
                self._gives_way = True
            else:
                self._waits.note_twin(now)
        elif isinstance(command, messages.Rebirth) and self._session is not None:
            self._publish_birth(self._session)

    def _answer(self, probe: Probe, *, is_reached: bool, took_s: float) -> None:
        self.process.run(lambda: self._say(probe, is_reached=is_reached, took_s=took_s))

    def _say(self, probe: Probe, *, is_reached: bool, took_s: float) -> None:
        if self._session is None or not self.is_connected:
            return
        probed = Probed(
            boot=self.boot,
            session=self.session_count,
            number=probe.number,
            host=probe.host,
            is_reached=is_reached,
            way="icmp",
            duration_s=took_s,
            detail="" if is_reached else "no answer in time",
        )
        self._session.publish(self._topics[Stream.PROBED], encode(probed), is_certain=True)
