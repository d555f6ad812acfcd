"""The whole core: what is heard goes in, and what became true comes out.

It joins the detector (who is overdue), the awareness (whether we hear at all), the diagnosis (what
a silence means), the probes (what the neighbours say) and the incidents. Whatever was due before
something is heard is decided first, in order of time, so that how often the shell looks changes
no event. Times are monotonic seconds; ``wall`` is seconds since 1970.
"""

from collections.abc import Sequence

from aggregator.core.aftermath import Aftermath
from aggregator.core.awareness import Awareness
from aggregator.core.cases import Absence, Deafness, Port
from aggregator.core.census import JITTER_S, hang_up_of, silence_of
from aggregator.core.detector import AWAY_LIMIT_S, Detector
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Event, HostChanged, PortWanted, Subject
from aggregator.core.evidence import Verdict, Wait
from aggregator.core.feeds import Feeds
from aggregator.core.fleet import INF, Fleet, Host, Venue
from aggregator.core.incidents import Incidents
from aggregator.core.inquiries import Inquiries
from aggregator.core.intake import Intake
from aggregator.core.leniency import void_wills
from aggregator.core.oddities import REFERENCE_EVERY, Oddities
from aggregator.core.register import Register
from aggregator.core.reported import Taken
from aggregator.core.rules import aggregator_blind, venue_unreachable
from aggregator.core.states import ALIVE, Trigger
from aggregator.core.ticks import Ticks
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.messages import Probed, Tick

CENTRE = Subject("centre")
_STEADY = 3
_STEP_S = 0.25


class Watch:
    """The verdicts on a fleet, its venues and ourselves. It begins deaf, until ``subscribed``.

    Attributes:
        fleet: what is known of every host.
        intake: takes messages in; its counters.
        register: the incidents that are open, and those that were closed lately.
        incidents: when they begin, change and end.
        awareness: whether we hear.
        inquiries: what neighbours say of hosts that are down.
        oddities: what is wrong with hosts that beat.
        feeds: what is wrong with results feeds.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        reconnect_max_s: float = RECONNECT_MAX_S,
        away_limit_s: float = AWAY_LIMIT_S,
    ) -> None:
        self.fleet = fleet
        self._events: list[Event] = []
        self.detector = Detector(
            fleet,
            self._events,
            reconnect_max_s=reconnect_max_s,
            away_limit_s=away_limit_s,
            judge=self._judge,
            note=self._note,
        )
        self.awareness = Awareness()
        self.register = Register(fleet, self._events.append)
        self.incidents = Incidents(fleet, self.register)
        self.inquiries = Inquiries(fleet, self.incidents, self._events)
        self._aftermath = Aftermath(fleet, self.detector, self.incidents, self.inquiries)
        self.oddities = Oddities(fleet, self.incidents)
        self.feeds = Feeds(self.incidents)
        self._ticks = Ticks()
        self.intake = Intake(fleet, self.detector, self._ticks, self)
        self._advanced_to = -INF
        self._hears_since = -INF
        self._wall_ahead_s: float | None = None
        self._canaries_in_time = 0

    @property
    def is_settled(self) -> bool:
        """Whether we can hear, and every host's state is decided."""
        return self.detector.is_settled and not self.awareness.is_deaf

    def hear(
        self, topic: str, payload: bytes, *, is_retained: bool, now: float, wall: float
    ) -> None:
        """Take in one message from the broker, our own ticks among them.

        Raises:
            MalformedMessageError: it was refused; it is counted already, and nothing changed.
        """
        if now > self._advanced_to:
            self.advance(now)
            self._notice_step(wall - now)
        self.intake.hear(topic, payload, is_retained=is_retained, now=now, wall=wall)
        if self.detector.boots.returned:
            for returned in self.detector.boots.returned:
                self.oddities.boot_returned(returned, now)
            self.detector.boots.returned.clear()

    def tick(self, now: float) -> Tick:
        """Return the tick to publish now, each second; its return to us is our canary."""
        self.advance(now)
        tick = self._ticks.next(now)
        self.awareness.sent(tick.number, now)
        if tick.number % REFERENCE_EVERY == 0:
            self.oddities.take_reference(now)
        self._set_limit()
        return tick

    def subscribed(self, now: float) -> None:
        """We can hear (again): the grace begins in which the fleet may find its way back."""
        self.advance(now)
        self._hear_again(now)

    def blinded(self, now: float) -> None:
        """Our own connection ended: nobody's silence means anything."""
        self.advance(now)
        self.awareness.hear_nothing(now, "connection", now)
        self._canaries_in_time = 0
        self.detector.blinded(now)
        self._set_limit()

    def stalled(self, start: float, end: float) -> None:
        """Our own process did not run from ``start``, when it last did, to ``end``.

        Raises:
            ValueError: an end before its start.
        """
        self.advance(start)
        self.detector.stalled(start, end)
        self.awareness.credit(start, end)
        self.inquiries.credit(end - start)
        self._set_limit()

    def hear_port(self, said: Port, now: float) -> None:
        """Take in what the broker's port said to a stranger."""
        self.advance(now)
        self.awareness.hear_port(said)
        known = self.incidents.open.get(CENTRE)
        deafness = self.awareness.deafness(now)
        if known is not None and deafness is not None and known.cause == aggregator_blind.CAUSE:
            self._accuse_centre(deafness, now)

    def events(self) -> list[Event]:
        """Hand over, once, what became true since the last call, in order of time."""
        taken = self._events[:]
        self._events.clear()
        return taken

    def next_deadline(self) -> float | None:
        """Return when (s) to look again, or None if nothing is due."""
        due = self._others_due()
        detector = self.detector.next_deadline()
        if detector is not None and detector < self.awareness.doubt_at:
            due = min(due, detector)
        return None if due == INF else due

    def advance(self, now: float) -> None:
        """Decide everything that was due by ``now``, in order of time."""
        if self.awareness.since is None and self.awareness.is_deaf:
            self.awareness.hear_nothing(now, "starting", now)
        while True:
            self._set_limit()
            self.detector.advance(now)
            due = self._others_due()
            if due > now:
                break
            self._step(due)
        self._advanced_to = max(self._advanced_to, now)

    def hear_canary(self, number: int, now: float) -> None:
        """Our own tick came back to us through the broker."""
        returned = self.awareness.returned
        was_deaf = self.awareness.why == "canary"
        doubted_since = self.awareness.came_back(number, now)
        if self.awareness.returned == returned:
            return
        self.oddities.returned = self.awareness.returned
        if was_deaf:
            self._hear_again(now)
        elif doubted_since is not None:
            self._canaries_in_time = 0
            self.detector.leniency.credit(now - doubted_since)
        elif not self.awareness.is_deaf:
            self._canaries_in_time += 1
            if self._canaries_in_time >= _STEADY:
                self.incidents.end(CENTRE, now)
        self._set_limit()

    def hear_probed(self, by: Host, probed: Probed, now: float) -> None:
        """A neighbour said whether it reached a silent host."""
        self.inquiries.hear(by, probed, now)

    def hear_bridge(self, venue: Venue, now: float, *, is_connected: bool) -> None:
        """A venue's own broker is connected to ours, or is not any more.

        What was said while it was not is lost: when it is back, everybody behind it begins anew.
        """
        hosts = venue.hosts.values()
        if venue.bridge is None:
            self.detector.boots.take_bridge(venue, now)
        if not is_connected:
            void_wills(hosts)  # its broker, too, says all wills when it stops
        elif venue.bridge is not None and not venue.bridge[1]:
            self.detector.leniency.begin_anew(hosts, now)
        venue.bridge = (now, is_connected)

    def hear_late(self, host: Host, taken: Sequence[Taken], now: float) -> None:
        """A backlog shows that a host lived: the record is corrected, no state.

        What a boot says of the time before it was first heard is of its own start.
        """
        earlier = [reading.at for reading in taken if reading.boot != host.boot]
        present = [reading.at for reading in taken if reading.boot == host.boot]
        self.register.correct(host.name, earlier, now)
        self.register.correct(host.name, present, now, opened_after=host.boot_heard_at)

    def heard_anybody(self, now: float) -> None:
        """A beat came while the whole fleet was believed to be out of our hearing."""
        self._hear_again(now)

    def _notice_step(self, ahead_s: float) -> None:
        """Tell a jump of our own wall clock from one of everybody else's."""
        if self._wall_ahead_s is not None and abs(ahead_s - self._wall_ahead_s) > _STEP_S:
            self.oddities.our_clock_stepped(ahead_s - self._wall_ahead_s)
        self._wall_ahead_s = ahead_s

    def _step(self, at: float) -> None:
        awareness = self.awareness
        if awareness.deaf_at <= at:
            awareness.hear_nothing(awareness.proof_at, "canary", at)
            self._canaries_in_time = 0
            self.detector.go_blind(at)
        if awareness.take_port_question(at):
            self._events.append(PortWanted(at))
        deafness = awareness.take_deafness(at)
        if deafness is not None:
            self._accuse_centre(deafness, at)
        self.inquiries.advance(at)
        self.incidents.advance(at)

    def _others_due(self) -> float:
        return min(
            self.awareness.next_deadline(),
            self.inquiries.next_deadline(),
            self.incidents.next_deadline(),
        )

    def _set_limit(self) -> None:
        self.detector.limit = min(self.awareness.doubt_at, self._others_due())

    def _hear_again(self, now: float) -> None:
        was_heard_before = self.awareness.why != "starting"
        self.awareness.hear_again(now)
        self.oddities.is_out_of_hearing = False
        self._hears_since = now
        self._canaries_in_time = 0
        self.detector.subscribed(now)
        if was_heard_before:
            self.detector.leniency.excuse(self.fleet, now)
        self._set_limit()

    def _accuse_centre(self, deafness: Deafness, at: float) -> None:
        verdict = diagnose(deafness)
        if isinstance(verdict, Verdict):
            self.incidents.begin(CENTRE, verdict, at, since=deafness.since)

    def _judge(self, host: Host, trigger: Trigger, at: float) -> Verdict | Wait | None:
        """Say what the end of a host's deadline means; None if it was more than one host's."""
        is_cut = self.incidents.is_fallen(Subject("venue", host.venue))
        if trigger is Trigger.AWAY_TOO_LONG:
            back_by = at + self.detector.leniency.grace_s(host)
            return diagnose(Absence(at, host, host.since, back_by, is_cut=is_cut))
        if trigger is Trigger.CONNECTION_LOST:
            case = hang_up_of(self.fleet, host, at)
        else:
            due = self._due_since(host)
            back_by = host.deadline + self.detector.leniency.grace_s(host)
            case = silence_of(self.fleet, host, at, due=due, back_by=back_by, is_cut=is_cut)
        said = diagnose(case)
        if isinstance(said, Verdict):
            if said.cause == aggregator_blind.CAUSE:
                self._go_deaf(host, at)
                return None
            if said.cause == venue_unreachable.CAUSE:
                self._aftermath.cut(case, said, at)
                return None
        return said

    def _due_since(self, host: Host) -> float:
        """Return since when (s) a host is waited for; not alive, it has its grace first."""
        if host.state in ALIVE:
            return host.expected_at
        return host.deadline - self.detector.leniency.grace_s(host) - 2 * JITTER_S

    def _go_deaf(self, host: Host, at: float) -> None:
        """Nobody is heard, anywhere: that is our own ear, and nobody is accused."""
        heard_at = -INF if host.evidence_at is None else host.evidence_at
        since = max(heard_at, self._hears_since)
        self.awareness.hear_nothing(since, "fleet", at)
        self.oddities.is_out_of_hearing = True
        self.detector.go_blind(at)

    def _note(self, host: Host, change: HostChanged, verdict: Verdict | None) -> None:
        self._aftermath.take(host, change, verdict)
        self._set_limit()
