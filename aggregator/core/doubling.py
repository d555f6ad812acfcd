"""Doubling: whether another aggregator runs under our name, and which of the two yields.

Two connections under one client id throw each other out, and a broker need not say why (Mosquitto
2.0.11 does not). So it is told by what is heard after that:

==========================================  =====================================================
heard                                       says that there are two
==========================================  =====================================================
our own state topic, with another's boot    yes, once our own has come back to us; of one that was
                                            there before us only if it is said again and again:
                                            a broker that has crashed says old states
the canary of our name, of another boot     yes
the canary of another name on bulk          yes, if that connection was lost before: the session
                                            may have kept a subscription of someone long gone
the broker's own word (MQTT 5, 4.13)        yes
==========================================  =====================================================

The younger yields: it lets a minute pass before it connects again, and longer each time. The elder
connects again at once. So there is one that watches, and no duel. Boots sort by when they began.
Times are monotonic seconds.
"""

from aggregator.core.host import INF
from venuewatch.base.wire.links import yield_wait_s

SAVED_S = 120.0
"""How old (s) what a broker says after a crash can be at most; it saves each minute."""

_OVER_S = 30.0  # beyond the wait: for so long nothing was heard of another
_SPELL_S = 15.0  # what is heard within this time is of one takeover
_EARLIER_MAX = 16


class Doubling:
    """What is known of others under the name of the aggregator of ``boot``.

    Attributes:
        boot: of this process.
        other: the boot of another one; None if it is not known, empty if it says none.
        ends_at: when (s) it is over if nothing more is heard; INF while there is no other.
    """

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self._returned_at: float | None = None
        self._earlier: dict[str, int] = {}
        self._openings = {"live": 0, "bulk": 0}
        self._spells = 0
        self._seen_at = -INF
        self.other: str | None = None
        self.ends_at = INF

    @property
    def is_known(self) -> bool:
        """Whether there is another one."""
        return self.ends_at < INF

    @property
    def yields(self) -> bool | None:
        """Whether it is we who make way; None if that can not be told."""
        return None if self.other is None else self.other < self.boot

    @property
    def wait_s(self) -> float:
        """The longest time (s) for which the one that yields waits now."""
        return yield_wait_s(max(1, self._spells))

    def opened(self, connection: str) -> None:
        """Note that a connection begins."""
        self._openings[connection] += 1

    def hear_state(self, boot: str, now: float) -> bool:
        """Note what is said under our name; return whether it says that there are two."""
        if boot == self.boot:
            if self._returned_at is None:
                self._returned_at = now
            return False
        if self._returned_at is None:
            if len(self._earlier) < _EARLIER_MAX:
                self._earlier[boot] = 0
            return False
        if boot in self._earlier and now - self._returned_at < SAVED_S:
            self._earlier[boot] += 1
            if self._earlier[boot] == 1:
                return False
        self._see(boot, now)
        return True

    def hear_canary(self, boot: str, now: float, *, is_ours: bool) -> bool:
        """Note another's canary on our bulk connection; ``is_ours``: it has our name."""
        if not is_ours and self._openings["bulk"] == 1:
            return False
        self._see(boot, now)
        return True

    def taken_over(self, now: float) -> None:
        """Note that the broker says that another one has taken our place."""
        self._see(self.other, now)

    def end(self) -> None:
        """Note that it is over."""
        self.ends_at, self._spells, self._seen_at = INF, 0, -INF
        self.other = None

    def _see(self, boot: str | None, now: float) -> None:
        if now - self._seen_at >= _SPELL_S:
            self._spells += 1
        self._seen_at = now
        self.other = boot
        self.ends_at = now + self.wait_s + _OVER_S
