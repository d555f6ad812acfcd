"""Verdict on beats that echo no tick: a host is heard, and does not hear us.

It has to hold for five beats of a session, while as many of our ticks came back to us, and to be
gone for three echoes before it is over. Where most living hosts of a venue are mute it is the
venue's way, else the host's. Hosts that the inventory does not list have no vote, and end nothing
of the venue. Times are monotonic seconds.
"""

from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.states import ALIVE
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict
from aggregator.core.verdicts.venue import QUORUM

UNECHOED_MAX = 5
"""How many beats in a row may echo no tick, while as many ticks came back to us."""

STEADY = 3
"""How many times in a row something must be well again, or be mute, to be believed."""

_TICKS_APART_S = 1.5  # a host that beats faster than we tick can't echo a tick with each beat


class OneWay:
    """Begins and ends the incidents of ways that carry beats and no ticks.

    Attributes:
        has_venue_links: whether a whole venue is believed not to hear us.
    """

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self.has_venue_links = False

    def note_unechoed(self, host: Host, now: float, *, returned: int) -> bool:
        """Note a beat that echoed no tick; return whether that is too many.

        ``returned``: how many ticks have come back to us.

        Beats of a burst count once, and none of them while the host's way to us is just healing.
        A link that loses much is given time for what is under way to it.
        """
        echoes = host.echoes
        if now - echoes.unechoed_at < host.interval_s / 2:
            return False
        echoes.unechoed_at = now
        if host.state not in ALIVE or now < host.wills_count_from:
            echoes.unechoed = 0
            return False
        if not echoes.unechoed:
            echoes.mute_since = now
            echoes.tick_mark = returned
        echoes.unechoed += 1
        mute_s = now - echoes.mute_since
        if mute_s > _TICKS_APART_S:
            echoes.echoed = 0
        is_long = mute_s >= host.interval_s + 2 * host.margin_s
        is_mute = echoes.unechoed >= UNECHOED_MAX and is_long
        if not is_mute or returned - echoes.tick_mark < UNECHOED_MAX:
            return False
        self._accuse(host, now, returned)
        return True

    def note_echo(self, host: Host, now: float) -> None:
        """Note a tick echoed by a host that has a problem, or whose venue has one."""
        host.echoes.echoed += 1
        if host.echoes.echoed < STEADY:
            return
        self._incidents.end(Subject("link", host.venue, host.name), now)
        whole = self._incidents.open.get(Subject("link", host.venue))
        if whole is not None and host.name in whole.children and self._has_voice(host, whole):
            self._incidents.end(whole.subject, now)
            self._note_venue_links()

    def _has_voice(self, host: Host, whole: Incident) -> bool:
        """Tell whether a host may end what is of its venue: unlisted, beside no listed one."""
        others = map(self._fleet.find, whole.children)
        return host.is_listed or not any(it is not None and it.is_listed for it in others)

    def settle(self, incident: Incident, now: float) -> None:
        """End a whole venue's incident, restored or not, none of whose hosts is watched."""
        if not incident.subject.host and not any(map(self._fleet.find, incident.children)):
            self._incidents.end(incident.subject, now)
        self._note_venue_links()

    def _note_venue_links(self) -> None:
        self.has_venue_links = any(
            subject.scope == "link" and not subject.host for subject in self._incidents.open
        )

    def _accuse(self, host: Host, now: float, returned: int) -> None:
        whole, alone = Subject("link", host.venue), Subject("link", host.venue, host.name)
        if self._incidents.is_fallen(whole):
            self._incidents.adopt(whole, [host.name])
            return
        if self._incidents.is_fallen(alone):
            return
        hosts = self._fleet.venues[host.venue].hosts.values()
        live = [other for other in hosts if other.is_listed and other.state in ALIVE]
        mute = [other for other in live if _is_mute(other)]
        if len(mute) > 1 and len(mute) >= QUORUM * len(live):
            children = [other.name for other in hosts if _is_mute(other)]
            verdict = _verdict(mute, len(live), returned, now)
            self._incidents.begin(whole, verdict, now, children=children)
            self.has_venue_links = True
        else:
            self._incidents.begin(alone, _verdict([host], len(live), returned, now), now)


def _is_mute(host: Host) -> bool:
    return host.state in ALIVE and host.echoes.unechoed >= STEADY


def _verdict(hosts: list[Host], live: int, returned: int, at: float) -> Verdict:
    canary = Evidence(at, CENTRE, "canary", {"ticks_returned": returned})
    mute = (
        Evidence(
            at,
            CENTRE,
            "no_echo",
            {"host": host.name, "beats": host.echoes.unechoed, "hosts_beating": live},
        )
        for host in hosts
    )
    return Verdict(Cause.ONE_WAY_LOSS, (canary, *mute))
