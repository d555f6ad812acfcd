"""What the rules are asked: each case is the facts of one question, joined and nothing more.

Times are monotonic seconds.
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.fleet import INF, Host, Venue
from venuewatch.base.wire.messages import CheckReading

Elsewhere: TypeAlias = Literal["heard", "silent", "unknown"]
Port: TypeAlias = Literal["answers", "refuses", "silent"]


class Word(NamedTuple):
    """What the host ``by`` said at ``at`` when it was asked to reach another."""

    at: float
    by: str
    is_reached: bool | None
    way: str
    detail: str


class Inquiry(NamedTuple):
    """Who was asked about a silent host, and what they said so far.

    ``obstacle`` says why nobody could be asked. ``is_over``: nobody is waited for any more.
    """

    asked: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    is_over: bool = False
    obstacle: str = ""

    @property
    def reached_by(self) -> str | None:
        """Name the first who reached it."""
        return next((word.by for word in self.words if word.is_reached), None)

    @property
    def is_unreached(self) -> bool:
        """Whether everybody who could try, and at least one, found no way to it."""
        tried = [word for word in self.words if word.is_reached is not None]
        return self.is_over and bool(tried) and not any(word.is_reached for word in tried)


class Votes(NamedTuple):
    """Who of a venue's hosts has been heard since a silent one was due, and who has not.

    Only hosts that are due themselves vote; ``silent`` includes the one that is asked about.
    ``overdue``: how many of ``heard`` have since become overdue themselves.
    """

    silent: tuple[Host, ...]
    heard: tuple[Host, ...]
    overdue: int


class Silence(NamedTuple):
    """A host's evidence is overdue, or its connection was closed (``is_closed``) just now.

    ``back_by``: until when it may find its way back, if it was thrown out. ``is_cut``: whether its
    venue is known to be cut off.
    """

    at: float
    host: Host
    venue: Venue
    votes: Votes
    elsewhere: Elsewhere
    inquiry: Inquiry = Inquiry()
    back_by: float = -INF
    is_closed: bool = False
    is_cut: bool = False


class Deafness(NamedTuple):
    """We ourselves have heard nothing since ``since``, and ``why`` says what is missing."""

    at: float
    since: float
    why: Literal["starting", "connection", "canary", "fleet"]
    port: Port | None


class Absence(NamedTuple):
    """A host said farewell at ``left_at`` and has not come back.

    While its venue ``is_cut`` it cannot; were it there again now, it could until ``back_by``.
    """

    at: float
    host: Host
    left_at: float
    back_by: float = 0.0
    is_cut: bool = False


class OneWay(NamedTuple):
    """Beats arrive from ``hosts`` of a venue, and echo no tick; ``live`` hosts beat there."""

    at: float
    hosts: tuple[Host, ...]
    live: int
    ticks_returned: int


class Clocks(NamedTuple):
    """A host's clock is ``offset_s`` ahead of ours, the fleet's median ``reference_s``.

    ``uncertainty_s`` is half a round trip: by so much the offset may be wrong (RFC 5905, 8).
    """

    at: float
    host: Host
    offset_s: float
    reference_s: float
    uncertainty_s: float = 0.0


class Boots(NamedTuple):
    """A boot id came back under a host's name after ``between`` had beaten under it."""

    at: float
    host: Host
    returned: str
    between: str


class Feed(NamedTuple):
    """A results check's new word; ``before`` is the state it was in."""

    at: float
    host: Host
    reading: CheckReading


class Falls(NamedTuple):
    """A subject has fallen again; ``penalty`` is what its falls add up to, decayed."""

    at: float
    venue: str
    host: str
    falls: int
    penalty: float


Case: TypeAlias = Silence | Deafness | Absence | OneWay | Clocks | Boots | Feed | Falls
