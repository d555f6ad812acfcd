"""Says since when a state is so, and when the last good message came."""

from datetime import UTC, datetime, tzinfo
from typing import Final

from agent.checks.reading.times import Now, on_wall
from venuewatch.base.wire.checks import CheckState

_A_DAY_S: Final = 86_400.0


class Since:
    """The state that was told last, and since when; times of day are told in ``zone``."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._state: CheckState | None = None
        self._begun: Now | None = None

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
        is_today = now.wall_s - at_s < _A_DAY_S
        return at.strftime("%H:%M:%S %Z" if is_today else "%Y-%m-%d %H:%M %Z")
