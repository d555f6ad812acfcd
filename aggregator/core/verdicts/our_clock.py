"""Verdict on our own wall clock: it jumped, and until it is right again its times are doubtful.

No verdict uses the wall clock, and no jump of it accuses a host. But people read times of it. So a
jump of more than ``JUMP_S`` is told, and each incident that is open meanwhile carries since when
the clock is in doubt. It is right again

1. when it is back where it was before the first jump, or
2. when the clocks of the listed hosts have agreed with it for ``STEADY_S``, or
3. when none of those is known, and it has been steady for ``ALONE_S``.

Times are monotonic seconds; ``wall`` is seconds since 1970.
"""

from statistics import median

from aggregator.core.fleet import Fleet
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.incidents.troubles import Troubles
from aggregator.core.states import ALIVE
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence

JUMP_S = 3_600.0
"""How far (s) the clock is set at once for a jump: less is a drift, or a zone of summer."""

STEADY_S = 60.0
"""How long (s) the fleet has to agree with it."""

LOOK_EVERY_S = 1.0
"""How often (s) it is compared with the fleet while it is in doubt."""

ALONE_S = 3_600.0
"""How long (s) it has to be steady where there is nobody to compare it with."""


class OurClock:
    """Tells jumps of the wall clock of this machine."""

    def __init__(self, fleet: Fleet, store: IncidentStore, troubles: Troubles) -> None:
        self._fleet = fleet
        self._store = store
        self._troubles = troubles
        self._ahead_s: float | None = None
        self._off_s = 0.0  # since the doubt began
        self._doubted_at = 0.0
        self._wrong_at = 0.0
        self._look_at = 0.0

    @property
    def is_in_doubt(self) -> bool:
        """Whether it jumped, and is not right again."""
        return self._store.doubt is not None

    def note(self, now: float, wall: float) -> None:
        """Compare it with the monotonic clock."""
        ahead_s = wall - now
        moved_s = 0.0 if self._ahead_s is None else ahead_s - self._ahead_s
        self._ahead_s = ahead_s
        if abs(moved_s) > JUMP_S:
            self.jumped(moved_s, now)
        else:
            self._off_s += moved_s

    def look(self, now: float) -> None:
        """Compare it with the fleet, while it is in doubt."""
        if self.is_in_doubt and now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self._look(now)

    def jumped(self, jump_s: float, now: float) -> None:
        """Note that it jumped ahead by ``jump_s``, and compare it with the fleet from now on."""
        if not self.is_in_doubt:
            self._off_s, self._doubted_at = 0.0, now
        self._off_s += jump_s
        if self.is_in_doubt and abs(self._off_s) <= JUMP_S:
            self._end(now)
            return
        self._wrong_at = now
        detail = {"jump_s": round(jump_s, 3)}
        self._store.put_in_doubt(Evidence(now, CENTRE, "clock_in_doubt", detail))
        way = "ahead" if jump_s > 0 else "back"
        self._troubles.begin(Cause.CLOCK_JUMP, f"the wall clock was set {way}", now, detail)

    def lived_wall(self, at: float) -> float | None:
        """Return what the clock would show ``at`` a time had it not jumped; None without a doubt.

        None, too, for a time before the doubt: what the clock showed then was right.
        """
        if not self.is_in_doubt or self._ahead_s is None or at < self._doubted_at:
            return None
        return at + self._ahead_s - self._off_s

    def _look(self, now: float) -> None:
        """End the doubt if the clock is right again; this looks at every host."""
        offsets = [
            host.clock_offset_s
            for host in self._fleet
            if host.is_listed and host.state in ALIVE and host.clock_offset_s is not None
        ]
        if offsets and abs(median(offsets)) > JUMP_S:
            self._wrong_at = now
        steady_s = STEADY_S if offsets else ALONE_S
        if now - self._wrong_at >= steady_s:
            self._end(now)

    def _end(self, now: float) -> None:
        self._store.put_in_doubt(None)
        self._troubles.end(Cause.CLOCK_JUMP, now)
