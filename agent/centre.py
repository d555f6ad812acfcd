"""Tracks the aggregators: is one listening, and the last tick of each.

What an aggregator says of itself is passed on to ``Credit``: only one that is there grants backlog.
"""

import math
from typing import NamedTuple

from agent.credit import Credit
from agent.identity import milliseconds
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import ECHOES_MAX, CentreState, Echo, Tick

TICK_PATIENCE_S = 3.0
"""How long (s) without a tick it takes until nobody is believed to listen."""

_ONLINE_MAX = 16


class _Heard(NamedTuple):
    number: int
    at: float


class Centre:
    """The aggregators, through one session at a time. Times are monotonic seconds."""

    def __init__(self, credit: Credit) -> None:
        self._credit = credit
        self.session_began(-math.inf)

    def session_began(self, now: float) -> None:
        """Forget what an earlier session heard."""
        self._online: set[str] = set()
        self._are_states_known = False
        self._ticks: dict[str, _Heard] = {}
        self._to_echo: dict[str, _Heard] = {}
        self._tick_at = -math.inf
        self._since = now

    def hear_tick(self, topic: str, tick: Tick, now: float) -> bool:
        """Take in the tick on one of the topics of ticks; return whether it is a session's first.

        An aggregator keeps its place among those that are echoed for as long as it ticks.
        """
        is_first = self._tick_at == -math.inf
        self._tick_at = now
        self._credit.hear_tick(topic.removesuffix("tick"), now)
        self._keep(topic, tick, now)
        return is_first

    def _keep(self, topic: str, tick: Tick, now: float) -> None:
        """Keep a tick for its echo, if it is not another one's again."""
        for other, heard in list(self._ticks.items()):
            if other != topic and heard.number == tick.number:  # the same, for older agents
                return
            if now - heard.at > TICK_PATIENCE_S:
                del self._ticks[other]
                self._to_echo.pop(other, None)
        if topic in self._ticks or len(self._ticks) < ECHOES_MAX:
            self._ticks[topic] = self._to_echo[topic] = _Heard(tick.number, now)

    def hear_state(self, topic: str, state: CentreState, now: float) -> None:
        """Take in the state of an aggregator, from itself or from its will."""
        self._are_states_known = True
        self._credit.hear_state(topic.removesuffix("state"), state, now)
        if state.state != "online":
            self._online.discard(topic)
        elif len(self._online) < _ONLINE_MAX:
            self._online.add(topic)

    def echoes(self, now: float) -> tuple[Echo, ...]:
        """Return the echo of each aggregator's tick heard since the last call.

        The plain tick comes first: an aggregator that has no other looks at the first one only.
        """
        if not self._to_echo:
            return ()
        heard, self._to_echo = self._to_echo, {}
        first = sorted(heard, key=lambda topic: (topic != topics.TICK, topic))
        return tuple(  # of a generator Python would keep a spare one each time, up to 2,000
            [Echo(heard[topic].number, milliseconds(now - heard[topic].at)) for topic in first]
        )

    def is_listening(self, now: float) -> bool:
        """Return whether readings that go out now reach an aggregator."""
        is_away = self._are_states_known and not self._online
        return not is_away and now - self._tick_at <= TICK_PATIENCE_S

    def is_silent(self, now: float) -> bool:
        """Return whether an aggregator should listen by now, and none does."""
        return not self.is_listening(now) and now - self._since > TICK_PATIENCE_S
