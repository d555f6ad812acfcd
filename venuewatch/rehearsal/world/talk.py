"""A results feed of a simulated machine that really talks: a source, and the real check of it.

Most feeds of a simulated world have no messages: a fault says what their check finds. This one is
for what a check has to make out by itself.

1. The source is that of the stage. It has talked as usual for a while, and goes on, second by
   second.
2. The check hears each message. It is read as often as any check of a simulated machine.
3. A source that is told to write the times of another zone has a check that begins anew, and what
   it said before is gone: so it is on the stage, too.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, time
from typing import Final
from zoneinfo import ZoneInfo

from agent.checks import Reading
from agent.checks.reading.times import Now
from agent.checks.results_feed import messages
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.state import Feed
from agent.checks.results_feed.world import Limits
from venuewatch.rehearsal.fleet import DATA_LIMIT_S, LIMIT_S
from venuewatch.rehearsal.live.sources.instructions import PLAYS, Instruction
from venuewatch.rehearsal.live.sources.source import Source

KEPT_S: Final = 6.0
"""How far back (s) what was said is kept, for a witness."""

_BEFORE_S: Final = 10.0
_DAY_ENDS: Final = time(3)
_MAX_BYTES: Final = 1 << 20


class Talk:
    """A source ``name`` and the check of its feed; ``now``: this moment by the machine's clocks.

    Attributes:
        told: what the source does.
    """

    def __init__(self, name: str, now: Callable[[], Now]) -> None:
        self.told = PLAYS
        self._now = now
        self._source = Source(name, UTC)
        self._said: deque[tuple[float, str]] = deque()
        self._begin_anew(now())

    def tell(self, told: Instruction) -> None:
        """Have the source do something else from now on."""
        now = self._now()
        self._go_on(now)
        before, self.told = self.told, told
        if told.zone != before.zone:
            self._begin_anew(now)

    def read(self) -> Reading:
        """Return what the check finds now."""
        now = self._now()
        self._go_on(now)
        return self._feed.judge(now)

    def recent(self) -> Sequence[tuple[float, str]]:
        """Return the messages of the last ``KEPT_S``, each with when (unixtime) it was said."""
        self._go_on(self._now())
        return tuple(self._said)

    def _begin_anew(self, now: Now) -> None:
        zone = ZoneInfo(self.told.zone) if self.told.zone else UTC
        limits = Limits(keep_alive_s=LIMIT_S, latency_s=DATA_LIMIT_S, data_default_s=DATA_LIMIT_S)
        self._feed = Feed(limits, Calendar(zone, _DAY_ENDS))
        self._heard = now.before(_BEFORE_S)
        self._said.clear()
        self._go_on(now)

    def _go_on(self, now: Now) -> None:
        """Have the check hear all that was said until now."""
        while self._heard.monotonic_s + 1.0 <= now.monotonic_s:
            at = self._heard = Now(self._heard.monotonic_s + 1.0, self._heard.wall_s + 1.0)
            for said in self._source.advance(at.wall_s, self.told).said:
                self._feed.hear(messages.read(said.content, _MAX_BYTES), at)
                self._said.append((at.wall_s, said.content.decode()))
        while self._said and self._said[0][0] < self._heard.wall_s - KEPT_S:
            self._said.popleft()
