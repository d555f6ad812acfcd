"""Follows one host's beats from its agent to the broker, and yields those that are disturbed.

Beats that meet no disturbance are not simulated: they come when they must. In an episode the way
of every beat is simulated packet by packet.
"""

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from venuewatch.base.wire.links import wait_before
from venuewatch.rehearsal.margins.beat_times import BeatTimes
from venuewatch.rehearsal.margins.channel import Channel
from venuewatch.rehearsal.margins.outages import Course, Span
from venuewatch.rehearsal.tcp.round_trip import RoundTrip
from venuewatch.rehearsal.tcp.sender import LINUX, THIN_RETRIES, Sender, Tcp

_REMEMBERED_BEATS = 16  # after so many samples a round trip's history is gone
_CONNECT_TIMEOUT_S = 5.0  # agent/session.py
_TRIES_AFTER_S = (0.0, 1.0, 3.0)  # a first packet's timeout is 1 s, doubled (RFC 6298, 2.1)
_LONE_S = 4.0  # by then a single loss is long mended
_SPREAD_S = 0.1  # more than jitter brings out of order
_TRIPS_TO_OPEN = 3  # TCP, TLS 1.3, MQTT's CONNECT


class ReceivedBeat(NamedTuple):
    """One beat as the broker has it: when, its number, when it was last sent, which session."""

    at: float
    number: int
    sent: float
    session: int


class Will(NamedTuple):
    """The broker gave a session up, and said so."""

    at: float
    session: int


class Episode(NamedTuple):
    """All beats from ``first`` up to, but not with, ``end``: what came of them, in order."""

    first: int
    end: int
    heard: list[ReceivedBeat]
    wills: list[Will]


class HostPath:
    """One agent and its connection.

    In a pause the agent does not run; the beats that fall due meanwhile are one when it goes on.
    The broker gives a session up that was silent for 1.5 ``keepalive_s``, the agent one on which
    nothing was acknowledged for twice that time.
    """

    def __init__(
        self,
        rhythm: BeatTimes,
        channel: Channel,
        *,
        pauses: list[Span],
        keepalive_s: float,
        rng: random.Random,
        tcp: Tcp = LINUX,
    ) -> None:
        self._rhythm = rhythm
        self._channel = channel
        self._rng = rng
        self._pauses = Course(pauses)
        self._patience_s = 1.5 * keepalive_s  # MQTT 5, 3.1.2.10
        self._give_up_s = 2.0 * keepalive_s  # a ping is sent, and not answered
        self._tcp = tcp
        self._lead_s = 1.5 * rhythm.round_trip_s(0) + 0.1
        self._session = 1
        self._trip = rhythm.past.round_trip(rng)
        self._trip_at = -math.inf
        self._sender = self._connected(self._trip)

    def episodes(self, until: float) -> Iterator[Episode]:
        """Yield every episode that begins before ``until`` (s)."""
        number = 1
        while True:
            lost = number + self._channel.skip()
            trouble_at = self._next_trouble(self._rhythm.due(number))
            troubled = math.inf
            if trouble_at < math.inf:
                troubled = max(number, self._rhythm.first_due(trouble_at - self._lead_s))
            if min(lost, troubled) == math.inf:
                return
            first = int(min(lost, troubled))
            if self._rhythm.due(first) >= until:
                return
            trip, episode = self._trip_before(first), None
            if lost <= troubled:
                is_packet = self._channel.lose_next()
                if trouble_at > self._rhythm.due(first) + _LONE_S:
                    episode = self._mend(first, trip, is_packet=is_packet)
            episode = episode or self._run(first, trip)
            yield episode
            number = episode.end

    def _mend(self, first: int, trip: RoundTrip, *, is_packet: bool) -> Episode | None:
        """Return what one loss alone comes to, None if it is not as simple: it must be run then."""
        due, way_s = self._rhythm.due(first), self._rhythm.way_s
        probe = trip.probe_at(due)
        if is_packet:
            moments, sent, answered = self._lost_packet(due, probe)
        else:
            moments, sent, answered = self._lost_answer(due, probe)
        lost_at = due if is_packet else due + way_s
        if not moments or not self._channel.passes(lost_at, moments):
            return None
        jitter_s = self._channel.jitter()
        at = answered - way_s + jitter_s if is_packet else self._rhythm.heard(first)
        heard = [ReceivedBeat(at, first, sent if is_packet else due, self._session)]
        trip.observe(answered - sent + jitter_s + self._channel.jitter())
        self._sender.round_trip, self._trip_at = trip, first + 1
        return Episode(first, first + 1, heard, [])

    def _lost_packet(self, due: float, probe: float) -> tuple[tuple[float, ...], float, float]:
        """Return when packets pass after a lost beat, when what is answered was sent, and when.

        The probe brings it. Nothing where the next beat would have to wait for that.
        """
        way_s = self._rhythm.way_s
        answered = probe + 2 * way_s
        if answered + _SPREAD_S < due + self._rhythm.interval_s:
            return (probe, probe + way_s), probe, answered
        return (), 0.0, 0.0

    def _lost_answer(self, due: float, probe: float) -> tuple[tuple[float, ...], float, float]:
        """Return the same after a lost acknowledgement.

        The centre's next tick says it again, or the probe is answered, whichever is first.
        """
        way_s, after = self._rhythm.way_s, due + self._rhythm.interval_s
        told = math.floor(due + way_s + _SPREAD_S) + 1.0 + way_s
        if told + _SPREAD_S < min(probe, after):
            return (told - way_s,), due, told
        if probe < told < min(after, probe + way_s) - _SPREAD_S:
            return tuple(sorted((told - way_s, probe))), due, told
        if probe + 2 * way_s + _SPREAD_S < min(told - way_s, after):
            return (probe, probe + way_s), probe, probe + 2 * way_s
        return (), 0.0, 0.0

    def _run(self, first: int, trip: RoundTrip) -> Episode:
        episode = Episode(first, first, [], [])
        self._sender = self._connected(trip)
        self._sender.acknowledged_at = self._rhythm.due(first)
        last, number, is_over, reset_at = self._rhythm.heard(first - 1), first, False, math.inf
        while True:
            at, sends = self._emission(number)
            self._sender.advance(at)
            if self._sender.is_idle and number > first and self._is_calm(at) and not is_over:
                self._collect(episode, last)
                self._trip_at = number
                return episode._replace(end=number)
            if not is_over:
                last, is_over = self._collect(episode, last)
            is_over = is_over or at > last + self._patience_s
            if is_over and (not episode.wills or episode.wills[-1].session != self._session):
                episode.wills.append(Will(last + self._patience_s, self._session))
            if is_over and self._sender.arrivals:
                reset_at = self._sender.arrivals[0].at + self._lead_s
            if min(reset_at, self._sender.acknowledged_at + self._give_up_s) <= at:
                last = at = self._reconnect(episode, at)
                sends, is_over, reset_at = self._rhythm.newest_due(at), False, math.inf
            self._sender.write(sends, at)
            number = sends + 1

    def _collect(self, episode: Episode, last: float) -> tuple[float, bool]:
        """Take over what the broker heard; return when it last did, and whether it hung up."""
        arrivals = self._sender.arrivals
        while arrivals:
            if arrivals[0].at > last + self._patience_s:
                return last, True
            at, number, sent = arrivals.pop(0)
            episode.heard.append(ReceivedBeat(at, number, sent, self._session))
            last = at
        return last, False

    def _emission(self, number: int) -> tuple[float, int]:
        """Return when (s) a beat is sent, and the number that it then has."""
        due = self._rhythm.due(number)
        pause = self._pauses.within(due)
        if pause is None:
            return due, number
        return pause.end, max(number, self._rhythm.newest_due(pause.end))

    def _next_trouble(self, now: float) -> float:
        return min(self._channel.next_trouble(now), self._pauses.next_start(now))

    def _is_calm(self, now: float) -> bool:
        return self._next_trouble(now) > now + self._lead_s

    def _trip_before(self, first: int) -> RoundTrip:
        """Return what the connection knows of its round trip when beat ``first`` is sent."""
        if first - self._trip_at > _REMEMBERED_BEATS:
            return self._rhythm.past.round_trip(self._rng)
        trip = self._sender.round_trip
        for number in range(int(self._trip_at), first):
            trip.observe(self._rhythm.round_trip_s(number))
        return trip

    def _connected(self, trip: RoundTrip) -> Sender:
        return Sender(
            self._channel.up,
            self._channel.down,
            trip,
            rto_max_s=self._tcp.rto_max_s,
            linear_retries=0 if self._tcp.is_stock else THIN_RETRIES,
            holds=not self._tcp.is_stock,
        )

    def _reconnect(self, episode: Episode, now: float) -> float:
        """Return when (s) there is a new session; the old one's will is said by then."""
        attempt = 0
        while True:
            now += wait_before(attempt, self._rng)
            opened = self._open(now)
            if opened is not None:
                break
            now += _CONNECT_TIMEOUT_S
            attempt += 1
        if not episode.wills or episode.wills[-1].session != self._session:
            episode.wills.append(Will(opened, self._session))
        self._session += 1
        self._sender = self._connected(RoundTrip(self._rhythm.round_trip_s(0)))
        self._sender.acknowledged_at = opened
        return opened

    def _open(self, now: float) -> float | None:
        """Return when (s) a connection is open that is tried now, None if it does not open."""
        end = now + _CONNECT_TIMEOUT_S
        for _ in range(_TRIPS_TO_OPEN):
            for after_s in _TRIES_AFTER_S:
                there = self._channel.up(now + after_s)
                back = None if there is None else self._channel.down(there)
                if back is not None:
                    now = back
                    break
            else:
                return None
        return now if now < end else None
