"""Simulates Mosquitto: sessions, wills, retained messages, a lasting queue.

It takes over by client id and publishes the old session's will before it lets the new one in. As
2.0.11 it just closes the old one's connection. A client that was silent for 1.5 keepalives is given
up. The broker looks every 5 s.
"""

import math
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from venuewatch.base.wire import topics
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connection import Endpoint
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.packets import Publish
from venuewatch.rehearsal.world.process import SimProcess

GIVE_UP_AFTER = 1.5  # times the keepalive (MQTT 5, 3.1.2.10)
LOOK_EVERY_S = 5.0  # Mosquitto 2.0's keepalive check
SAVE_EVERY_S = 60.0  # autosave_interval of mosquitto/venuewatch.conf


class Tap(Protocol):
    """Sees what is published at a broker, as a bridge does."""

    def __call__(self, topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:
        """Take one message; ``is_certain`` at QoS 1."""


@dataclass(eq=False)
class ClientSession:
    """The broker's state of one client. ``endpoint`` is None while the client is away."""

    client: str
    keepalive_s: float
    will: tuple[str, bytes] | None
    is_persistent: bool
    endpoint: Endpoint | None
    heard_at: float
    patterns: tuple[str, ...] = ()
    unacknowledged: dict[int, Publish] = field(default_factory=dict)
    next_number: int = 1


class Broker:
    """One broker process on its machine. It starts running.

    Attributes:
        delivers: whether it hands on what it takes; QoS 1 waits until it does again.
        says_takeover: whether it tells the old session why it ends, as later versions do.
        unticked: clients that get nothing at QoS 0.
        taps: called with each message that is published.
    """

    def __init__(self, loop: Loop, rng: random.Random) -> None:
        self._loop = loop
        self.process = SimProcess(loop)
        self.delivers = True
        self.says_takeover = False
        self.unticked: frozenset[str] = frozenset()
        self.taps: list[Tap] = []
        self.retained: dict[str, bytes] = {}
        self._saved: dict[str, bytes] = {}
        self._sessions: dict[str, ClientSession] = {}
        self._of_endpoint: dict[Endpoint, ClientSession | None] = {}
        self._naming: dict[str, dict[ClientSession, None]] = {}  # by the topic that they name
        self._matching: dict[str, dict[ClientSession, None]] = {}  # by pattern with a wildcard
        self._wanting: dict[str, list[ClientSession]] = {}  # by topic, as long as none changes
        self._phase_s = rng.uniform(0.0, LOOK_EVERY_S)
        self._looks_at = 0.0
        self._begin()

    @property
    def is_listening(self) -> bool:
        """Whether its kernel takes connections: also while the process is frozen."""
        return not self.process.is_dead

    def accept(self, endpoint: Endpoint) -> None:
        """Take a connection."""
        self._of_endpoint[endpoint] = None
        endpoint.on_data = partial(self._hear, endpoint)
        endpoint.on_closed = partial(self._lose, endpoint)

    def kill(self) -> None:
        """End it at once: its kernel hangs up, and what was not saved is gone."""
        self.retained = dict(self._saved)
        self._hang_up()

    def stop(self) -> None:
        """End it in order: publish every will, then hang up on every client."""
        for session in list(self._sessions.values()):
            if session.endpoint is not None:
                self._say_will(session)
        self._hang_up()

    def reset(self, clients: Collection[str]) -> None:
        """Lose the connections of clients, as if something on the way had closed them."""
        for session in list(self._sessions.values()):
            if session.endpoint is not None and session.client in clients:
                self._drop(session)

    def start(self) -> None:
        """Start it again, with what it had saved."""
        if self.process.is_dead:
            self.process = SimProcess(self._loop)
            self._begin()

    def deliver_again(self) -> None:
        """Hand on again, beginning with what waited."""
        self.delivers = True
        for session in self._sessions.values():
            self._send_waiting(session)

    def publish(
        self, topic: str, payload: bytes, *, is_retained: bool = False, is_certain: bool = False
    ) -> None:
        """Hand a message to every subscriber that wants it; ``is_certain`` at QoS 1."""
        if is_retained:
            self.retained[topic] = payload
        for tap in self.taps:
            tap(topic, payload, is_retained=is_retained, is_certain=is_certain)
        message = Publish(topic, payload)
        for session in self._wanting_of(topic):
            self._deliver(session, message, is_certain=is_certain)

    def first_look(self, at: float) -> float:
        """Return when (s) it looks for silent clients first, at a moment or after it."""
        looks = math.ceil(max(0.0, at - self._looks_at) / LOOK_EVERY_S)
        return self._looks_at + looks * LOOK_EVERY_S

    def _begin(self) -> None:
        self._looks_at = self._loop.now + self._phase_s
        self.process.after(self._phase_s, self._look)
        self.process.after(SAVE_EVERY_S, self._save)

    def _look(self) -> None:
        self._looks_at = self._loop.now + LOOK_EVERY_S
        self.process.after(LOOK_EVERY_S, self._look)
        for session in list(self._sessions.values()):
            silent_s = self._loop.now - session.heard_at
            if session.endpoint is not None and silent_s > GIVE_UP_AFTER * session.keepalive_s:
                self._drop(session)

    def _save(self) -> None:
        self._saved = dict(self.retained)
        self.process.after(SAVE_EVERY_S, self._save)

    def _hang_up(self) -> None:
        self._saved = dict(self.retained)
        for endpoint in self._of_endpoint:
            endpoint.close()
        self.process.end()
        self._of_endpoint.clear()
        for session in list(self._sessions.values()):
            session.endpoint = None
            session.will = None
            self._forget_unless_lasting(session)

    def _hear(self, endpoint: Endpoint, packet: object) -> None:
        session = self._of_endpoint.get(endpoint)
        if session is not None:
            session.heard_at = self._loop.now
        match packet:
            case Publish():
                if packet.number is not None:
                    endpoint.send(packets.Puback(packet.number))
                self.publish(
                    packet.topic,
                    packet.payload,
                    is_retained=packet.retain,
                    is_certain=packet.number is not None,
                )
            case packets.Connect():
                self._open(endpoint, packet)
            case packets.Subscribe() if session is not None:
                self._subscribe(session, packet.patterns)
            case packets.Puback() if session is not None:
                session.unacknowledged.pop(packet.number, None)
            case packets.Ping():
                endpoint.send(packets.Pong())
            case packets.Disconnect() if session is not None:
                session.will = None
            case packets.BareConnect():
                endpoint.send(packets.Refusal())
                endpoint.close()

    def _open(self, endpoint: Endpoint, asked: packets.Connect) -> None:
        known = self._sessions.get(asked.client)
        if known is not None and known.endpoint is not None:
            if self.says_takeover:
                known.endpoint.send(packets.Disconnect())
            self._drop(known)
        known = self._sessions.get(asked.client)
        session = ClientSession(
            asked.client,
            asked.keepalive_s,
            asked.will,
            asked.is_persistent,
            endpoint,
            self._loop.now,
        )
        if known is not None:
            session.unacknowledged = known.unacknowledged
            session.next_number = known.next_number
            self._leave(known)
            self._want(session, known.patterns)
        self._sessions[asked.client] = session
        self._of_endpoint[endpoint] = session
        endpoint.send(packets.Connack(known is not None))
        self._send_waiting(session)

    def _subscribe(self, session: ClientSession, patterns: tuple[str, ...]) -> None:
        self._want(session, patterns)
        if session.endpoint is None:
            return
        session.endpoint.send(packets.Suback())
        if any(session in wanting for wanting in self._matching.values()):
            wanted = [topic for topic in self.retained if _matches(patterns, topic)]
        else:
            wanted = [topic for topic in dict.fromkeys(patterns) if topic in self.retained]
        for topic in wanted:
            kept = Publish(topic, self.retained[topic], retain=True)
            self._deliver(session, kept, is_certain=True)

    def _want(self, session: ClientSession, patterns: tuple[str, ...]) -> None:
        self._leave(session)
        session.patterns = patterns
        for pattern in patterns:
            self._index(pattern).setdefault(pattern, {})[session] = None

    def _leave(self, session: ClientSession) -> None:
        self._wanting.clear()
        for pattern in session.patterns:
            index = self._index(pattern)
            wanting = index.get(pattern, {})
            wanting.pop(session, None)
            if not wanting:
                index.pop(pattern, None)

    def _index(self, pattern: str) -> dict[str, dict[ClientSession, None]]:
        return self._matching if "+" in pattern or "#" in pattern else self._naming

    def _wanting_of(self, topic: str) -> list[ClientSession]:
        """Return the subscribers of a topic, each once: those that name it, then the others."""
        found = self._wanting.get(topic)
        if found is None:
            wanting = dict(self._naming.get(topic, {}))
            for pattern, sessions in self._matching.items():
                if topics.matches(pattern, topic):
                    wanting.update(sessions)
            found = self._wanting[topic] = list(wanting)
        return found

    def _deliver(self, session: ClientSession, message: Publish, *, is_certain: bool) -> None:
        if not is_certain:
            is_told = self.delivers and session.client not in self.unticked
            if is_told and session.endpoint is not None:
                session.endpoint.send(message)
            return
        message = message._replace(number=session.next_number)
        session.next_number += 1
        session.unacknowledged[session.next_number - 1] = message
        if self.delivers and session.endpoint is not None:
            session.endpoint.send(message)

    def _send_waiting(self, session: ClientSession) -> None:
        if self.delivers and session.endpoint is not None:
            for message in session.unacknowledged.values():
                session.endpoint.send(message)

    def _lose(self, endpoint: Endpoint) -> None:
        session = self._of_endpoint.pop(endpoint, None)
        if session is not None and session.endpoint is endpoint:
            self._end(session)

    def _drop(self, session: ClientSession) -> None:
        endpoint = session.endpoint
        if endpoint is not None:
            self._of_endpoint.pop(endpoint, None)
            endpoint.close()
        self._end(session)

    def _end(self, session: ClientSession) -> None:
        session.endpoint = None
        self._forget_unless_lasting(session)
        self._say_will(session)

    def _say_will(self, session: ClientSession) -> None:
        will, session.will = session.will, None
        if will is not None:
            self.publish(*will, is_retained=True, is_certain=True)

    def _forget_unless_lasting(self, session: ClientSession) -> None:
        if not session.is_persistent:
            self._leave(session)
            del self._sessions[session.client]


def _matches(patterns: tuple[str, ...], topic: str) -> bool:
    return any(topics.matches(pattern, topic) for pattern in patterns)
