"""Ends of our live connection: what they say of why the broker does not let us hear.

A broker need not say that another client has our name: it just closes (Mosquitto 2.0.11).

=====================================================  ==============
what came last                                         says
=====================================================  ==============
the broker's word that another one has our place       ``taken_over``
connections that ended within seconds, one by one      ``taken_over``
the broker refused one, or closed it before its start  ``refused``
one that lasted                                        nothing
=====================================================  ==============

It is evidence beside our own blindness, and no more. Times are monotonic seconds.
"""

from typing import Literal, NamedTuple

from aggregator.core.suspension import TOGETHER_S
from aggregator.core.verdicts.causes import BROKER, Evidence
from venuewatch.base.wire.links import BRIEF_S

_AGAIN = 2  # one that ends soon may have been lost by chance


class _Said(NamedTuple):
    seen: Literal["taken_over", "refused"]
    at: float
    times: int
    why: str


class Ends:
    """The latest ends of the live connection."""

    def __init__(self) -> None:
        self._opened_at = 0.0
        self._brief = self._refused = 0
        self._said: _Said | None = None

    def opened(self, now: float) -> None:
        """Note that it begins."""
        self._opened_at = now
        self._refused = 0
        if self._said is not None and self._said.seen == "refused":
            self._said = None

    def lost(self, now: float, *, is_taken_over: bool) -> None:
        """Note that it ended; ``is_taken_over``: the broker says that another one has its place."""
        is_brief = is_taken_over or now - self._opened_at < BRIEF_S
        self._brief = self._brief + 1 if is_brief else 0
        if is_taken_over:
            self._said = _Said("taken_over", now, self._brief, "the broker says so")
        elif self._brief >= _AGAIN:
            self._said = _Said("taken_over", now, self._brief, "it ended soon, again and again")
        else:
            self._said = None

    def refused(self, why: str, now: float) -> None:
        """Note that the broker refused one, in these words."""
        self._refused += 1
        self._said = _Said("refused", now, self._refused, why)

    def evidence(self, at: float) -> tuple[Evidence, ...]:
        """Return what they say at ``at``, if they are not long past."""
        said = self._said
        if said is None or at - said.at > TOGETHER_S:
            return ()
        return (Evidence(said.at, BROKER, said.seen, {"times": said.times, "why": said.why}),)
