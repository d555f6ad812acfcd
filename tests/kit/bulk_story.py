"""A story whose centre hears readings on a connection of its own."""

from collections.abc import Mapping, Sequence

from aggregator.core.centre import Centre
from aggregator.core.outputs import Publish
from aggregator.core.verdicts.causes import Cause
from tests.kit.machine import Message
from tests.kit.story import Line, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import BulkCanary, CentreState, encode

BOOT, OLDER, YOUNGER = "0191-b", "0190-a", "0192-c"
BULK, DOUBLE, BLIND = Cause.BULK_LOST, Cause.DUPLICATE_AGGREGATOR, Cause.AGGREGATOR_BLIND


class BulkStory(Story):
    """It begins without a connection; ``open`` opens both.

    Attributes:
        bulk_s: how long (s) the canary of the bulk connection takes; None: it does not come back.
    """

    bulk_s: float | None = 0.0

    def open(self) -> None:
        """Be subscribed on both connections now; our own state comes back."""
        self.centre.opened(self.now, "bulk")
        super().open()
        self.say_state(BOOT)

    def lose_bulk(self) -> None:
        """Lose the bulk connection."""
        self.centre.lost(self.now, "bulk")
        self._collect()

    def regain_bulk(self) -> None:
        """Be subscribed there again."""
        self.centre.opened(self.now, "bulk")
        self._collect()

    def say_state(self, boot: str, state: str = "online") -> None:
        """Bring what is said under our name."""
        said = CentreState("online" if state == "online" else "offline", boot)
        self.deliver(Message(topics.centre_state(self.name), encode(said)))

    def say_canary(self, name: str, boot: str) -> None:
        """Bring a canary on the bulk connection."""
        self.deliver(Message(topics.centre_bulk(name), encode(BulkCanary(1, boot))))

    def troubles(self) -> list[Line]:
        """Hand over, once, what was reported of ourselves."""
        return [line for line in self.lines() if line[2].startswith("centre")]

    def _new_centre(self, names: Mapping[str, Sequence[str]]) -> Centre:
        fleet = self._fleet_of(names)
        return self._centre_of(fleet, start=self.now, boot=BOOT, has_bulk=True)

    def _take(self, output: Publish) -> None:
        if isinstance(output.message, BulkCanary):
            is_open = self.centre.decisions.connections.bulk.is_open
            if self.bulk_s is not None and self.canary_s is not None and is_open:
                message = Message(output.topic, encode(output.message))
                self._on_the_way.append((self.now + self.bulk_s, message))
            return
        super()._take(output)
