"""Tells from ticks that this machine was put back to an earlier state. No I/O.

A snapshot has the agent's memory, its boot id and its numbers with it. Put back, it would number
its readings as it did before, and they would be taken for repeats. Each aggregator ticks once a
second. So a tick whose number is far ahead of what the clock of this machine allows for shows that
time has passed which this machine knows nothing of.

The clock is the one that runs from the machine's start on, sleep included: no step of the wall
clock, and no suspend, is a return to an earlier state. Ticks may be late, so each is compared with
the one that was the least late of those before it. Only ticks of one boot of an aggregator are
compared, as its ``state`` says it.
"""

from typing import NamedTuple

from venuewatch.base.wire.messages import TICK_EVERY_S, CentreState, Tick

AHEAD_S = 5.0
"""How far (s) ticks may be ahead of this machine's clock."""

_AGE_S = 0.01
"""How much later (s) the least late tick counts with each one after it: clocks drift apart."""

_KNOWN_MAX = 16


class _Least(NamedTuple):
    """The tick that was the least late, and when (s, of this machine) it counts as received."""

    tick: Tick
    at: float


class PutBack:
    """What is known of the ticks of every aggregator, over all sessions."""

    def __init__(self) -> None:
        self._boots: dict[str, str] = {}
        self._least: dict[str, _Least] = {}

    def session_began(self) -> None:
        """Wait for the states of the aggregators: another boot may tick now."""
        self._boots.clear()

    def hear_state(self, topic: str, state: CentreState) -> None:
        """Take in which boot of an aggregator ticks."""
        of = topic.removesuffix("state")
        self._boots.pop(of, None)
        if state.state == "online" and state.boot and len(self._boots) < _KNOWN_MAX:
            self._boots[of] = state.boot

    def hear_tick(self, topic: str, tick: Tick, at: float) -> bool:
        """Take in a tick, received ``at`` this machine's time; return whether it was put back."""
        boot = self._boots.get(topic.removesuffix("tick"))
        if boot is None:
            return False
        least = self._least.get(boot)
        if least is None:
            if len(self._least) >= _KNOWN_MAX:
                del self._least[next(iter(self._least))]
            self._least[boot] = _Least(tick, at)
            return False
        ahead_s = _passed_s(least.tick, tick) - (at - least.at)
        if ahead_s > AHEAD_S:
            self._least.clear()
        if ahead_s >= 0.0:
            self._least[boot] = _Least(tick, at)
        else:
            self._least[boot] = _Least(least.tick, least.at + min(_AGE_S, -ahead_s))
        return ahead_s > AHEAD_S


def _passed_s(first: Tick, then: Tick) -> float:
    """Return how long (s) it was between two ticks: by their numbers, and by their own clock."""
    by_number_s = (then.number - first.number) * TICK_EVERY_S
    return min(by_number_s, (then.mono_ms - first.mono_ms) / 1000)
