"""Tracks the aggregator: is one listening, and the last tick."""

import math

from agent.identity import milliseconds
from venuewatch.base.wire.messages import Echo, Tick

TICK_PATIENCE_S = 3.0
"""How long (s) without a tick it takes until nobody is believed to listen."""


class Centre:
    """The aggregators, through one session at a time. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.session_began(-math.inf)

    def session_began(self, now: float) -> None:
        """Forget what an earlier session heard."""
        self._states: dict[str, str] = {}
        self._tick: Tick | None = None
        self._tick_at = -math.inf
        self._since = now

    def hear_tick(self, tick: Tick, now: float) -> None:
        """Take in a tick."""
        self._tick = tick
        self._tick_at = now

    def hear_state(self, aggregator: str, state: str) -> None:
        """Take in the state of an aggregator, from itself or from its will."""
        self._states[aggregator] = state

    def echo(self, now: float) -> Echo | None:
        """Return the echo of the tick heard since the last call, None without one."""
        tick, self._tick = self._tick, None
        if tick is None:
            return None
        return Echo(number=tick.number, held_ms=milliseconds(now - self._tick_at))

    def is_listening(self, now: float) -> bool:
        """Return whether readings that go out now reach an aggregator."""
        is_away = bool(self._states) and "online" not in self._states.values()
        return not is_away and now - self._tick_at <= TICK_PATIENCE_S

    def is_silent(self, now: float) -> bool:
        """Return whether an aggregator should listen by now, and none does."""
        return not self.is_listening(now) and now - self._since > TICK_PATIENCE_S
