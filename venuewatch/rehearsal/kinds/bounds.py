"""Computes bounds: how soon an incident has to be told, and how soon to be over.

==========  =====================================================================================
number      for a venue with a wired link; of another class of link that, plus margin(link) -
            margin(wired) + 2 x round trip(link)
``check``   2 x every_s + 2; and every_s + 5 more where other hosts of the venue have it
``feed``    the feed's limit + every_s + 2
``data``    the limit of its data + every_s + 2
``page``    the limit of a file's age + what ``check`` is
==========  =====================================================================================

An incident is over, counted from when its last fault was mended, within

==========  =====================================================================================
``back``    reconnect_max_s + 5 + margin(link) + 3 beats + 2 x round trip(link)
``check``   2 x every_s + 2
``feed``    2 x every_s + 3 beats + 2
``data``    the limit of its data + what ``feed`` is
``damped``  the time in which a penalty of at_most + 2 falls fades, + what ``back`` is
``twins``   the second wait of the one that made way + 30 s + what ``back`` is
``budget``  30 s in which nothing is refused + 10
``centre``  2 x reconnect_max_s + 10
==========  =====================================================================================

Margins are the core's own. Seconds.
"""

import math
from collections.abc import Mapping
from typing import Final

from aggregator.core.budget import QUIET_S
from aggregator.core.expectation import GRACE_EXTRA_S
from aggregator.core.margins import margin_s_of
from aggregator.core.verdicts.critical import WAIT_EXTRA_S
from aggregator.core.verdicts.flapping import FALL, HALF_LIFE_S, REUSE
from aggregator.core.verdicts.twins import OVER_S
from aggregator.inventory import VenueEntry
from venuewatch.base.wire.links import RECONNECT_MAX_S, yield_wait_s
from venuewatch.rehearsal.fleet import CHECK_EVERY_S, DATA_LIMIT_S, LIMIT_S
from venuewatch.rehearsal.kinds.model import Formula, OverFormula
from venuewatch.rehearsal.margins.links import LINKS

_ON_THE_WAY_S = 2.0
_BEATS_S = 3.0
_FALLS_MORE = 2

OVER: Final[Mapping[str, OverFormula]] = {
    "aggregator_blind": "centre",
    "broker_down": "centre",
    "check_failed": "check",
    "duplicate_identity": "twins",
    "flapping": "damped",
    "over_budget": "budget",
    "redundancy_lost": "feed",
    "results_clock": "data",
    "results_delayed": "data",
    "results_frozen": "feed",
    "results_silent": "feed",
    "results_unreadable": "feed",
}
"""The formula of each cause where a kind does not say one; of any other it is ``back``."""


def margin_s(venue: VenueEntry) -> float:
    """Return the margin (s) of a venue's hosts."""
    return margin_s_of(venue.link) if venue.margin_s is None else venue.margin_s


def link_extra_s(venue: VenueEntry | None) -> float:
    """Return how much more (s) than on a wired link a bound is; None: of the centre."""
    if venue is None:
        return 0.0
    trips_s = 0.0 if venue.link == "wired" else 2 * LINKS[venue.link].rtt_s
    return max(0.0, margin_s(venue) - margin_s_of("wired")) + trips_s


def detect_within_s(
    bound: float | Formula, venue: VenueEntry | None, *, others_have_it: bool = False
) -> float:
    """Return by when (s) it has to be told; ``others_have_it``: other hosts have the check, too."""
    wired_s = bound if isinstance(bound, float | int) else formula_s(bound, others_have_it)
    return round(wired_s + link_extra_s(venue), 3)


def formula_s(formula: Formula, others_have_it: bool) -> float:  # noqa: FBT001 - a table's column
    """Return a formula's seconds on a wired link."""
    check_s = 2 * CHECK_EVERY_S + _ON_THE_WAY_S
    if others_have_it:
        check_s += CHECK_EVERY_S + WAIT_EXTRA_S
    feed_s = CHECK_EVERY_S + _ON_THE_WAY_S
    limits: Mapping[Formula, float] = {
        "check": check_s,
        "feed": LIMIT_S + feed_s,
        "data": DATA_LIMIT_S + feed_s,
        "page": LIMIT_S + check_s,
    }
    return limits[formula]


def over_within_s(
    bound: float | OverFormula | None, cause: str, venue: VenueEntry | None, *, at_most: int
) -> float:
    """Return by when (s) after the last fault was mended it has to be over."""
    if isinstance(bound, float | int):
        return round(bound + link_extra_s(venue), 3)
    back_s = RECONNECT_MAX_S + GRACE_EXTRA_S + margin_s_of("wired") + _BEATS_S
    feed_s = 2 * CHECK_EVERY_S + _BEATS_S + _ON_THE_WAY_S
    fades_s = HALF_LIFE_S * math.log2((at_most + _FALLS_MORE) * FALL / REUSE)
    formulas: Mapping[OverFormula, float] = {
        "back": back_s,
        "check": 2 * CHECK_EVERY_S + _ON_THE_WAY_S,
        "feed": feed_s,
        "data": DATA_LIMIT_S + feed_s,
        "damped": fades_s + back_s,
        "twins": yield_wait_s(2) + OVER_S + back_s,
        "budget": QUIET_S + 10.0,
        "centre": 2 * RECONNECT_MAX_S + 10.0,
    }
    formula: OverFormula = bound or OVER.get(cause, "back")
    return round(formulas[formula] + link_extra_s(venue), 3)
