"""The readings of checks that count for a verdict, and the patience with a check that is not read.

A reading counts if it is the latest of a check that is known, and not too old. One of a time when
its host was cut off or frozen accuses nothing else: all that it asks fails then. Such readings come
in a burst when the line is back.

A living agent that says nothing of a check any more has it no longer in its configuration. For
that, vitals are counted and not seconds, because a host that is lost can say nothing at all. Times
are monotonic seconds.
"""

from aggregator.core.catalogues import KnownCheck
from aggregator.core.host import Host
from aggregator.core.states import ALIVE, HostState
from venuewatch.base.wire.checks import WELL
from venuewatch.base.wire.messages import CheckReading

UNSAID_PERIODS = 3.5
"""How many periods old a reading may be, and an agent send without mentioning the check."""

UNSAID_LEAST_S = 60.0
"""And for how long (s) at least."""

_LOST = (HostState.DOWN, HostState.UNREACHABLE)


def patience_s(every_s: float) -> float:
    """Return for how long (s) nothing may be said of a check that is read each ``every_s``."""
    return max(UNSAID_LEAST_S, UNSAID_PERIODS * every_s)


def counts(host: Host, reading: CheckReading, now: float) -> bool:
    """Tell whether a reading that came at ``now`` says how its check stands."""
    known = host.checks.get(reading.check)
    if known is None or known.reading is not reading:
        return False
    if reading.state not in WELL and _is_of_a_cut(host, known):
        return False
    return now - known.at <= patience_s(reading.every_s)


def _is_of_a_cut(host: Host, known: KnownCheck) -> bool:
    """Tell whether a reading was taken while its host was not heard.

    A host that is lost may be heard first by readings of another boot: they are of its start.
    """
    if host.state in ALIVE:
        return known.at < host.since
    return host.state in _LOST and known.boot == host.boot


class Unsaid:
    """A check that was not well: how often it is read (s), and the vitals that came since."""

    __slots__ = ("_vitals", "every_s")

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._vitals = 0

    def mention(self) -> None:
        """Note that its agent has said something of it."""
        self._vitals = 0

    def take_vitals(self, vitals_every_s: float) -> bool:
        """Note vitals, which come each ``vitals_every_s``; tell whether patience has ended."""
        unsaid_s = self._vitals * vitals_every_s  # the first may be just behind the last mention
        self._vitals += 1
        return unsaid_s > patience_s(self.every_s)
