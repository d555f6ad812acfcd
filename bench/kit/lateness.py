"""Tells from arrival times how late the beats of many connections are."""

from collections.abc import Hashable


class Lateness:
    """Arrivals from one side's connections, each of which beats each ``interval_s`` (s).

    A beat is as late as the silence before it was longer than the interval. Of beats that arrive
    together only the first is late: the silence was one. Times are monotonic seconds.

    Attributes:
        beats: how many arrived.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._heard_at: dict[Hashable, float] = {}
        self._late_s: list[float] = []
        self.beats = 0

    @property
    def latest_s(self) -> float:
        """Lateness (s) of the latest beat, 0.0 where none was late."""
        return max(self._late_s, default=0.0)

    def add_beats(self, connection: Hashable, now: float, *, beats: int = 1) -> None:
        """Take in that so many beats of a connection arrived together."""
        self.beats += beats
        self._note(connection, now)
        self._heard_at[connection] = now

    def begin(self) -> None:
        """Count from now on. A silence that lasts already counts in full when it ends."""
        self.beats = 0
        self._late_s.clear()

    def finish(self, now: float) -> None:
        """Count also the silences that still last, for as long as they have lasted."""
        for connection in self._heard_at:
            self._note(connection, now)

    def later_than(self, late_s: float) -> int:
        """Return how many came later than ``late_s`` (s)."""
        return sum(one > late_s for one in self._late_s)

    def _note(self, connection: Hashable, now: float) -> None:
        late_s = now - self._heard_at.get(connection, now) - self._interval_s
        if late_s > 0.0:
            self._late_s.append(late_s)
