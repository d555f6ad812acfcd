"""What is wrong with hosts that beat: nobody hears us there, a wrong clock, two under one name.

Each has to hold for a few beats before it is said, and to be gone for three before it is over.
Times are monotonic seconds.
"""

from statistics import median

from aggregator.core.boots import BootReturned
from aggregator.core.cases import Boots, Clocks, OneWay
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.incidents import Incidents
from aggregator.core.rules.clock_skew import LIMIT_S
from aggregator.core.states import ALIVE

UNECHOED_MAX = 5
"""How many beats in a row may echo no tick, while as many ticks came back to us."""

ALTERNATION_S = 60.0
"""How long (s) a name must belong to one boot until two are no more believed to have it."""

REFERENCE_EVERY = 5
"""After how many ticks the fleet's median clock offset is taken anew."""

_STEADY = 3
_TICKS_APART_S = 1.5  # who beats faster than we tick can't echo a tick with each beat
_SAMPLE_MAX = 101
_QUORUM = 0.6


class Oddities:
    """Counts what is odd, and begins and ends the incidents of it.

    Attributes:
        reference_s: the median clock offset (s) of the fleet, against ours.
        returned: how many of our ticks have come back to us.
        is_out_of_hearing: whether we believe that nobody can be heard at all.
        has_venue_links: whether a whole venue is believed not to hear us.
    """

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._reference_at = -INF
        self.reference_s = 0.0
        self.returned = 0
        self.has_venue_links = False
        self.is_out_of_hearing = False

    def unechoed(self, host: Host, now: float) -> None:
        """A beat echoed no tick: if many do, and ticks came back meanwhile, one way is lost.

        Beats of a burst count once, and those none that come while the host's way to us is just
        healing. A link that loses much is given time for what is under way to it.
        """
        presence = host.presence
        if now - presence.unechoed_at < host.interval_s / 2:
            return
        presence.unechoed_at = now
        if host.state not in ALIVE or now < host.excused_until:
            presence.unechoed = 0
            return
        if not presence.unechoed:
            presence.mute_since = now
            presence.tick_mark = self.returned
        presence.unechoed += 1
        mute_s = now - presence.mute_since
        if mute_s > _TICKS_APART_S:
            presence.echoed = 0
        is_mute = (
            presence.unechoed >= UNECHOED_MAX and mute_s >= host.interval_s + 2 * host.margin_s
        )
        if not is_mute or self.returned - presence.tick_mark < UNECHOED_MAX:
            return
        whole, alone = Subject("link", host.venue), Subject("link", host.venue, host.name)
        if whole in self._incidents.open:
            self._incidents.adopt(whole, [host.name])
            return
        if alone in self._incidents.open:
            return
        hosts = self._fleet.venues[host.venue].hosts.values()
        live = [other for other in hosts if other.state in ALIVE]
        mute = tuple(other for other in live if other.presence.unechoed >= _STEADY)
        is_whole = len(mute) > 1 and len(mute) >= _QUORUM * len(live)
        at_fault = mute if is_whole else (host,)
        verdict = diagnose(OneWay(now, at_fault, len(live), self.returned))
        if isinstance(verdict, Verdict):
            children = [other.name for other in at_fault] if is_whole else []
            self._incidents.begin(whole if is_whole else alone, verdict, now, children=children)
            self.has_venue_links |= is_whole

    def examine(self, host: Host, now: float) -> None:
        """A tick was echoed by a host that has a problem, or whose clock may be off."""
        presence = host.presence
        presence.echoed += 1
        if presence.echoed >= _STEADY:
            self._incidents.end(Subject("link", host.venue, host.name), now)
            whole = self._incidents.open.get(Subject("link", host.venue))
            if whole is not None and host.name in whole.children:
                self._incidents.end(whole.subject, now)
                self.has_venue_links = any(
                    subject.scope == "link" and not subject.host for subject in self._incidents.open
                )
        if host.clock_offset_s is not None:
            self._examine_clock(host, host.clock_offset_s, now)

    def take_reference(self, now: float) -> None:
        """Take the fleet's median clock offset anew, from a sample of its living hosts.

        At most once a second: it looks at every host.
        """
        if now < self._reference_at + 1.0:
            return
        self._reference_at = now
        known = [
            host.clock_offset_s
            for host in self._fleet
            if host.state in ALIVE and host.clock_offset_s is not None
        ]
        offsets = known[:: max(1, len(known) // _SAMPLE_MAX)]
        # Of two clocks that differ nobody can tell which is wrong: then ours is believed.
        self.reference_s = median(offsets) if len(offsets) > 2 else 0.0  # noqa: PLR2004

    def our_clock_stepped(self, step_s: float) -> None:
        """Our own wall clock jumped ahead by ``step_s``: nobody else's did."""
        for host in self._fleet:
            if host.clock_offset_s is not None:
                host.clock_offset_s -= step_s
        self.reference_s -= step_s

    def boot_returned(self, returned: BootReturned, now: float) -> None:
        """A boot came back after another one: two processes have one name."""
        host = returned.host
        verdict = diagnose(Boots(now, host, returned.returned, returned.between))
        if isinstance(verdict, Verdict):
            subject = Subject("identity", host.venue, host.name)
            self._incidents.begin(subject, verdict, now)
            self.contest(subject, now)

    def contest(self, subject: Subject, now: float) -> None:
        """Two have the name of a host: they throw each other out until one has had it for long."""
        until = now + ALTERNATION_S
        self._incidents.end_at(subject, until)
        host = self._fleet.find(subject.host)
        if host is not None:
            host.excused_until = max(host.excused_until, until)

    def _examine_clock(self, host: Host, offset_s: float, now: float) -> None:
        presence = host.presence
        uncertainty_s = (host.round_trip_s or 0.0) / 2  # a message may take all of it one way
        off_s = abs(offset_s - self.reference_s)
        if off_s > LIMIT_S + uncertainty_s:
            presence.in_time = 0
            presence.skewed += 1
        elif off_s + uncertainty_s <= LIMIT_S:  # what was held up proves neither
            presence.skewed = 0
            presence.in_time += 1
        subject = Subject("clock", host.venue, host.name)
        if presence.skewed == _STEADY:
            self.take_reference(now)
            verdict = diagnose(Clocks(now, host, offset_s, self.reference_s, uncertainty_s))
            if isinstance(verdict, Verdict):
                self._incidents.begin(subject, verdict, now)
            else:
                presence.skewed = 0
        elif presence.in_time >= _STEADY and subject in self._incidents.open:
            self._incidents.end(subject, now)
