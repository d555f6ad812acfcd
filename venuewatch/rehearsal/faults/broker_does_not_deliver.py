"""Lets the broker take every message, answer every client, and deliver nothing."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live import permissions
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.faults import Text, add_lines
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.world.world import World


class BrokerDoesNotDeliver(CentreFault, frozen=True):
    """Permissions taken away, or a queue that is stuck."""

    EXPECTED = "aggregator_blind"
    SEEN_BY = "ticks"
    ENDS = frozenset()

    def hit(self, world: World) -> None:
        """Have nothing delivered."""
        world.broker.delivers = False

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Have nothing delivered, or nothing at QoS 0 to these hosts."""
        names = frozenset(subject.host for subject in subjects if subject.host)
        if names:
            world.broker.unticked |= names
        else:
            self.hit(world)

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Deliver to them again."""
        names = frozenset(subject.host for subject in subjects if subject.host)
        if names:
            world.broker.unticked -= names
        else:
            self.heal(world)

    def heal(self, world: World) -> None:
        """Deliver again, beginning with what waited."""
        world.broker.deliver_again()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Give the real broker a rule, under which a host hears nothing of the centre."""
        if not subject.host:
            raise StageError("the live broker delivers nothing to single hosts only")
        text = Text(world.permissions, f"rule for {subject.host}")
        rules = permissions.deaf(subject.venue, subject.host)
        lasts_s = self.longest_s
        return add_lines(world.guardian, text, rules, pid=world.broker.pid, lasts_s=lasts_s).end
