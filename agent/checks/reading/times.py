"""Times of a reading: the deadline of all its steps, a moment on both clocks, and since when.

Ages are counted on the monotonic clock; the wall clock is for times that leave this machine.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckState

_DATED_S: Final = 20 * 3600.0  # from here on a time needs its date
_OWN_SHARE: Final = 0.9  # of timeout_s: what was seen is said before the runner calls it hanging


def for_reading(timeout_s: float) -> "Deadline":
    """Return when a reading that may take ``timeout_s`` has to stop waiting."""
    return Deadline(_OWN_SHARE * timeout_s)


class Deadline:
    """A moment on the monotonic clock, ``timeout_s`` from now."""

    def __init__(self, timeout_s: float) -> None:
        self._at = clock.monotonic() + timeout_s

    def left_s(self) -> float:
        """Return how long (s) is left, more than 0.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._at - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def is_over(self) -> bool:
        """Return whether nothing is left."""
        return clock.monotonic() >= self._at

    def share(self, parts: int) -> "Deadline":
        """Return an earlier deadline, after one of ``parts`` equal parts of what is left.

        Raises:
            TimeoutError: nothing is left.
        """
        return Deadline(self.left_s() / parts)

    def within(self, seconds: float) -> "Deadline":
        """Return the earlier of this one and ``seconds`` from now.

        Raises:
            TimeoutError: nothing is left.
        """
        return Deadline(min(self.left_s(), seconds))


class Now(NamedTuple):
    """One moment on both clocks (s): monotonic, and unixtime by this machine's clock."""

    monotonic_s: float
    wall_s: float

    def before(self, age_s: float) -> "Now":
        """Return the moment ``age_s`` earlier; never a later one."""
        age_s = max(0.0, age_s)
        return Now(self.monotonic_s - age_s, self.wall_s - age_s)


def now() -> Now:
    """Return this moment."""
    return Now(clock.monotonic(), clock.wall())


def on_wall(then: Now | None, now: Now) -> float | None:
    """Return when something was, in unixtime by this machine's clock at ``now``."""
    return None if then is None else now.wall_s - (now.monotonic_s - then.monotonic_s)


class Since:
    """The state that was told last, and since when; times of day are told in ``zone``.

    ``begun``: it is unknown since then; without it, since the first reading.
    """

    def __init__(self, zone: tzinfo, begun: Now | None = None) -> None:
        self._zone = zone
        self._state: CheckState = "unknown"
        self._begun = begun

    def words(self, state: CheckState, good: Now | None, now: Now) -> str:
        """Return since when the state is so, and when the last ``good`` message came, if one did.

        A state begins with the first reading that finds it.
        """
        if state != self._state or self._begun is None:
            self._state, self._begun = state, now
        last = "no good message yet" if good is None else f"last good message {self._at(good, now)}"
        return f"since {self._at(self._begun, now)}, {last}"

    def _at(self, then: Now, now: Now) -> str:
        at_s = on_wall(then, now) or 0.0
        at = datetime.fromtimestamp(at_s, UTC).astimezone(self._zone)
        is_dated = now.wall_s - at_s >= _DATED_S
        return at.strftime("%Y-%m-%d %H:%M %Z" if is_dated else "%H:%M:%S %Z")
