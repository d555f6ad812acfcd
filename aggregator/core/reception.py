"""Reception: the conclusions from one message, whatever it is about.

The life of a beat:

1. ``intake`` has decoded it, and knows its host.
2. Another boot than before begins anew (``identity``). So does one whose machine was put back.
3. ``liveness`` moves the host's deadline, which costs no more in a big fleet; most beats end here.
4. A host that was out of sight and is back changes its state (``decisions``).
5. That of our ticks which it echoes gives round trip and clock offset; a beat that echoes none of
   ours is counted.
6. A host that has a problem, or whose clock is off, is examined (``verdicts``).

A beat of an agent that did not run in time says so: it is life, and nothing of 5. and 6.

Times are monotonic seconds; ``wall`` is seconds since 1970.
"""

from collections.abc import Sequence

from aggregator.core import identity, inventory_change
from aggregator.core.decisions import Decisions
from aggregator.core.fleet import Venue
from aggregator.core.host import INF, Host
from aggregator.core.incidents.record import Subject
from aggregator.core.intake import (
    BACKLOG,
    BIRTH,
    BRIDGE,
    CANARY,
    CATALOGUE,
    CHECKS,
    DEATH,
    OPEN,
    PROBED,
    REFUSED_BIRTH,
    STATE,
    TICK,
    VITALS,
    Fact,
)
from aggregator.core.outputs import CameLate, OtherOpen, OtherState, Output, Publish
from aggregator.core.places import make_room
from aggregator.core.presence import Presence
from aggregator.core.readings import LateReadings, LatestReadings, Taken
from aggregator.core.ticks import clock_offset
from aggregator.core.verdicts.bridges import Bridges, is_trusted
from aggregator.core.verdicts.causes import Evidence
from aggregator.core.verdicts.clocks import LIMIT_S
from aggregator.core.verdicts.feeds import Feeds
from aggregator.core.verdicts.our_clock import OurClock
from aggregator.core.verdicts.restarts import Restarts
from aggregator.core.verdicts.source_clocks import SourceClocks
from aggregator.core.verdicts.terms import Terms, bounded
from venuewatch.base.wire import topics
from venuewatch.base.wire.bounds import TEXT_MAX, fitted
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import (
    ECHOES_MAX,
    Beat,
    BirthRefused,
    CentreState,
    Checks,
    Echo,
    Rebirth,
    SayCatalogue,
)
from venuewatch.base.wire.topics import Stream

_STEP_S = 0.25
_ASK_APART_S = 1.0  # two questions for a catalogue; an agent answers as often


class Reception:
    """Takes messages in, and hands what they mean down to ``decisions``.

    Attributes:
        readings: the latest readings of each host.
        feeds: results feeds that are not well.
        source_clocks: clocks of sources of results that are wrong.
        our_clock: whether the wall clock of this machine is in doubt.
    """

    def __init__(self, decisions: Decisions, presence: Presence, outputs: list[Output]) -> None:
        self._decisions = decisions
        self._presence = presence
        self._outputs = outputs
        self._fleet = decisions.fleet
        self._hearing = decisions.hearing
        self._liveness = decisions.liveness
        self._receive_beat = decisions.liveness.receive_beat
        self._round_trip = decisions.ticks.round_trip
        self._one_way = decisions.one_way
        self._clocks = decisions.clocks
        self.readings = LatestReadings(decisions.fleet, decisions.expectation.budget)
        self.our_clock = OurClock(decisions.fleet, decisions.store, decisions.troubles)
        self.feeds = Feeds(decisions.incidents)
        self.source_clocks = SourceClocks(decisions.incidents)
        self._bridges = Bridges(decisions.incidents)
        self._restarts = Restarts(decisions.incidents)
        self._terms = Terms(
            decisions.incidents, reconnect_limit_s=decisions.expectation.reconnect_limit_s
        )
        self._wall_ahead_s: float | None = None

    def begin(self, now: float, wall: float) -> None:
        """Decide what was due before the messages that come in at ``now``.

        What a host may send is reckoned from when all had surely been heard that was sent till
        then: that is ``now``, but not while our own tick is overdue.
        """
        decisions, hearing = self._decisions, self._hearing
        budget, heard_by = decisions.expectation.budget, hearing.since
        if now >= decisions.due_at or now >= budget.next_at:
            decisions.advance(now)
        if heard_by is None:
            heard_by = now if now < hearing.doubt_at else hearing.proof_at
        budget.begin(now, heard_by)
        self.note_clocks(now, wall)
        self.our_clock.look(now)

    def note_clocks(self, now: float, wall: float) -> None:
        """Tell a jump of our own wall clock from one of every host's, before messages of now."""
        ahead_s = wall - now
        self.our_clock.note(now, wall)
        if self._wall_ahead_s is not None and abs(ahead_s - self._wall_ahead_s) > _STEP_S:
            self._clocks.shift(ahead_s - self._wall_ahead_s)
        self._wall_ahead_s = ahead_s

    def take(self, fact: Fact, now: float, wall: float) -> LateReadings | None:
        """Draw the conclusions from a message; return the readings of a backlog, to be stored.

        Raises:
            MalformedMessageError: a birth or readings that cannot be read; all else was taken in.

        Whatever was due before ``now`` has to be decided already (``Decisions.advance``).
        """
        kind, about, content, _ = fact
        late = None
        if kind is VITALS or kind is CHECKS:
            self._take_readings(fact, now, wall)
            if kind is VITALS and not about.checks:
                return None  # of numbers alone nothing is due
        elif kind is BACKLOG:
            late = self.readings.take_late(about, content, now, wall)
            self._correct(about, late.taken, now)
        else:
            self._take_other(fact, now)
        self._decisions.plan()
        return late

    def _take_other(self, fact: Fact, now: float) -> None:
        kind, about, content, _ = fact
        if kind is CATALOGUE:
            self._take_catalogue(about, content)
        elif kind is TICK:
            self._decisions.take_canary(content, now)
        elif kind is STATE:
            self._take_state(about, content, now)
        elif kind is CANARY:
            is_ours = about == self._presence.name
            self._decisions.connections.hear_canary(content, now, is_ours=is_ours)
        elif kind is PROBED:
            self._decisions.take_answer(about, content, now)
        elif kind is OPEN:
            self._outputs.append(OtherOpen(now, about, content))
        elif kind is BRIDGE:
            self._take_bridge(about, now, is_connected=content)
        else:
            self._take_session(fact, now)

    def _take_state(self, name: str, said: CentreState, now: float) -> None:
        """Note what another aggregator says of itself; it may do so under our own name."""
        if name != self._presence.name:
            self._presence.hear_state(name, said.state)
            self._outputs.append(OtherState(now, name, said.state == "online"))
        elif self._decisions.connections.hear_state(said, now) and said.state == "offline":
            self._presence.opened()  # agents would take it for ours

    def _take_session(self, fact: Fact, now: float) -> None:
        kind, host, content, is_retained = fact
        if kind is BIRTH:
            self._liveness.receive_birth(host, bounded(content), now, is_retained=is_retained)
            self._terms.take(host, content, now)
            self._presence.note_agent(host)
        elif kind is REFUSED_BIRTH:
            self._refuse_birth(host, content, now)
        elif kind is DEATH:
            change = self._liveness.receive_death(host, content, now, is_retained=is_retained)
            if change is not None:
                self._decisions.apply_change(host, change)
            elif host.closed_at == now and host.will_due < INF:
                self._decisions.note_hang_up(host, now)

    def _take_readings(self, fact: Fact, now: float, wall: float) -> None:
        kind, host, content, _ = fact
        if kind is VITALS and not self.readings.is_readable(content):
            self._ask_for_catalogue(host, content.catalogue, now)
            if not self.readings.hold(host, content, now, wall):
                raise MalformedMessageError(Reason.UNKNOWN_CATALOGUE, "expected its catalogue")
            return
        if kind is CHECKS:
            content = self._make_room(host, self.readings.rows_once(content), now)
        if not self.readings.take(host, content, now, wall):
            return
        waited = self.readings.waited(host, content, now, wall)
        if waited is not None:
            self._outputs.append(CameLate(waited))
        checks = self._decisions.checks
        if kind is VITALS:
            self.feeds.take_vitals(host, now)
            self.source_clocks.take_vitals(host, now)
            checks.take_vitals(host, now)
        else:
            for reading in content.readings:
                checks.take(host, reading, now)  # first: as a feed it may go on
                self.feeds.take(host, reading, now)
                self.source_clocks.take(host, reading, now)

    def _make_room(self, host: Host, message: Checks, now: float) -> Checks:
        """Return what is taken of a message of checks; those that lost their places are over."""
        room = make_room(host, message, self._decisions.expectation.budget, now)
        for check in room.freed:
            self.feeds.forget(host, check, now)
            self.source_clocks.forget(host, check, now)
            self._decisions.checks.forget(host, check, now)
        return room.message

    def forget(self, gone: Sequence[Host], now: float) -> list[str]:
        """Forget hosts that are watched no more; return their names."""
        if gone:
            self._outputs.append(inventory_change.forget_hosts(self._decisions, gone, now))
        for host in gone:
            self.readings.forget(host)
            self.feeds.forget_host(host)
            self.source_clocks.forget_host(host)
        return [host.name for host in gone]

    def take_beat(self, host: Host, beat: Beat, now: float, wall: float) -> None:
        """Draw the conclusions from a live beat (see the life of a beat, above)."""
        is_new_boot = beat.boot != host.boot
        is_usual = not is_new_boot and not beat.late_ms
        returned = None if is_usual else self._begin_anew(host, beat, now)
        news = self._receive_beat(host, beat, now, wall, is_new_boot)
        if news is False and identity.is_put_back(host, beat, self._decisions.ticks):
            is_new_boot = True
            identity.begin_again(host, now)
            self._restarts.note(host, now)
            news = self._receive_beat(host, beat, now, wall, is_new_boot)
        if news is not True:
            if news is False:
                return
            self._decisions.apply_change(host, news)
        elif is_new_boot or host.queued_at > host.deadline:  # it had been put off, and is not now
            self._decisions.queue(host)
        if not host.is_introduced:
            self._ask_for_birth(host, now)
            self._presence.note_agent(host)
        if self._hearing.missing == "fleet" and host.is_listed:
            self._decisions.recover(now)
        tick = None if beat.late_ms else beat.tick
        round_trip_s = None if tick is None else self._round_trip(tick, now)
        if tick is None or round_trip_s is None:
            self._look_further(host, beat, now, wall)
        else:
            self._take_echo(host, beat, tick, round_trip_s, now, wall)
        if returned is not None:
            self._decisions.twins.report(returned, now, is_first=self._presence.is_first)
            self._decisions.plan()

    def _begin_anew(self, host: Host, beat: Beat, now: float) -> identity.BootReturned | None:
        """Begin another boot, or go on with one whose agent did not run for a while."""
        if beat.boot != host.boot:
            is_first = not host.boot
            lately_s = self._decisions.expectation.grace_s(host)
            returned = identity.begin_boot(host, beat, now, lately_s=lately_s)
            if returned is None and not is_first:
                self._restarts.note(host, now)
            return returned
        self._excuse(host, beat, now)
        return None

    def _excuse(self, host: Host, beat: Beat, now: float) -> None:
        """Let a fall count for less whose agent did not run for longer than its margin."""
        subject, late_s = Subject("host", host.venue, host.name), beat.late_ms / 1000
        fell_at = self._decisions.incidents.fallen_at(subject)
        is_first = host.evidence_at is not None and host.evidence_at <= fell_at < INF
        if is_first and beat.seq > host.beat_seq and late_s >= host.margin_s:
            seen = Evidence(now, host.name, "starved", {"late_s": round(late_s, 3)})
            self._decisions.incidents.excuse_fall(subject, seen, now)

    def _look_further(self, host: Host, beat: Beat, now: float, wall: float) -> None:
        """Find our tick among those of other aggregators, or count that there is none of ours.

        The agent of a late beat read ticks late, too: they tell nothing of its line and its clock.
        """
        if beat.late_ms:
            host.echoes.unechoed = 0
            return
        for echo in beat.other_ticks:
            round_trip_s = self._round_trip(echo, now)
            if round_trip_s is not None:
                self._take_echo(host, beat, echo, round_trip_s, now, wall)
                return
        echoes = beat.other_ticks if beat.tick is None else (beat.tick, *beat.other_ticks)
        is_full = len(echoes) == ECHOES_MAX  # all are others': there is no room for one of ours
        if is_full or now >= self._hearing.doubt_at:  # or it was sent when we did not tick
            host.echoes.unechoed = 0
            return
        if any(map(self._decisions.ticks.has_sent, echoes)) or not self._presence.reaches(host):
            return
        host.counts_echoes = True
        if self._one_way.note_unechoed(host, now, returned=self._hearing.returned):
            self._decisions.plan()

    def _take_echo(
        self, host: Host, beat: Beat, echo: Echo, round_trip_s: float, now: float, wall: float
    ) -> None:
        clocks, hearing, is_skewed = self._clocks, self._hearing, False
        if host.counts_echoes:
            host.echoes.unechoed = 0
            is_skewed = host.counts_echoes = host.echoes.skewed > 0
        host.round_trip_s = round_trip_s
        hearing.least_echo_s = min(hearing.least_echo_s, round_trip_s)
        host.clock_offset_s = offset_s = clock_offset(beat.wall_ms / 1000, wall, round_trip_s)
        if now < host.wills_count_from:
            sent_at = now - round_trip_s - echo.held_ms / 1000
            self._decisions.expectation.end_by_echo(host, sent_at, now)
        is_off = abs(offset_s - clocks.reference_s) > LIMIT_S + round_trip_s / 2
        if is_off or is_skewed or host.problems or self._one_way.has_venue_links:
            self._one_way.note_echo(host, now)
            if now < hearing.doubt_at:
                clocks.examine(host, now)
                host.counts_echoes = host.echoes.skewed > 0
            self._decisions.plan()

    def _refuse_birth(self, host: Host, error: MalformedMessageError, now: float) -> None:
        """Tell the operator and the agent that its birth is refused, and why.

        Raises:
            MalformedMessageError: always; the caller counts it.
        """
        self._terms.refuse(host, error, now)
        if identity.note_refusal(host, now):
            told = BirthRefused(fitted(error.field, TEXT_MAX), fitted(error.expected, TEXT_MAX))
            topic = topics.topic(host.venue, host.name, Stream.CMD)
            self._outputs.append(Publish(topic, told, qos=1))
        self._decisions.plan()
        raise error

    def _ask_for_birth(self, host: Host, now: float) -> None:
        if identity.wants_birth(host, now):
            topic = topics.topic(host.venue, host.name, Stream.CMD)
            self._outputs.append(Publish(topic, Rebirth(), qos=1))

    def _take_catalogue(self, host: Host, catalogue: Catalogue) -> None:
        """Read what waited for a catalogue, as of when it came."""
        refusal = None
        for held in self.readings.learn(host, catalogue):
            try:
                self._take_readings((VITALS, host, held.vitals, False), held.now, held.wall)
            except MalformedMessageError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    def _ask_for_catalogue(self, host: Host, key: str, now: float) -> None:
        if now - host.catalogue_asked_at >= _ASK_APART_S:
            host.catalogue_asked_at = now
            topic = topics.topic(host.venue, host.name, Stream.CMD)
            self._outputs.append(Publish(topic, SayCatalogue(key), qos=1))

    def _take_bridge(self, venue: Venue, now: float, *, is_connected: bool) -> None:
        """Note whether a venue's own broker is connected to ours.

        Messages sent while it was not are lost: when it is back, every host behind it begins anew.
        """
        hosts, expectation = venue.hosts.values(), self._decisions.expectation
        if venue.bridge is None:
            identity.take_bridge(venue, expectation, now)
        self._bridges.take(venue, now, is_connected=is_connected)
        if not is_trusted(venue):
            pass  # else a bridge that goes and comes would put verdicts off for ever
        elif not is_connected:
            expectation.void_wills(hosts)  # its broker, too, publishes all wills at its end
        elif venue.bridge is not None and not venue.bridge[1]:
            expectation.begin_anew(hosts, now)
        venue.bridge = (now, is_connected)

    def _correct(self, host: Host, taken: Sequence[Taken], now: float) -> None:
        """Correct the record: a backlog shows that a host lived. No state changes.

        Readings of another boot than the present may be of before it was first heard.
        """
        earlier = [reading.at for reading in taken if reading.boot != host.boot]
        present = [reading.at for reading in taken if reading.boot == host.boot]
        store = self._decisions.store
        store.correct(host.name, earlier, now)
        store.correct(host.name, present, now, opened_after=host.boot_heard_at)
