"""Has a session run past midnight: by its logical date it is still the day before."""

from contextlib import ExitStack

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._sources import mending_away
from venuewatch.rehearsal.faults._talking import TalkingFault
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.sources.instructions import Instruction, zone_past_midnight
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.world import World as LiveWorld


class NightSession(TalkingFault, frozen=True):
    """A session in a zone in which it is past midnight; its check knows the zone."""

    def told(self, now_s: float) -> Instruction:
        """Return that its times are of such a zone."""
        return Instruction(zone=zone_past_midnight(now_s))

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Have the real source write such times, and its agent read them.

        Zones are of a configuration. So the agent leaves in order, and comes back with another one
        as soon as there are messages of that zone only; so it does at the end.
        """
        host = world.hosts[subject.host]
        feed = host.equipment.thing(subject.check, Feed)
        told = self.told(clock.wall())
        with ExitStack() as undoing:
            undoing.callback(host.start_as_usual)
            host.end_agent(in_order=True, lasts_s=self.longest_s)
            stopped_at = clock.wall()
            night = world.spoil(feed.telling(told), lasts_s=self.longest_s)
            undoing.callback(night.end)
            until("a session past midnight begins", lambda: feed.is_of_after(stopped_at))
            checks = host.equipment.settings_with(feed.check, zone=told.zone)
            host.start_changed(checks=checks, lasts_s=self.longest_s)
            undoing.pop_all()
        return mending_away(host, feed, night.end)
