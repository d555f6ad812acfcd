"""Verdict on clocks: a host's clock is wrong when it differs from what the fleet agrees on.

The median of the hosts that the inventory lists is the judge, so that a wrong clock of ours accuses
nobody. It has to hold for three echoes before it is reported, and to be gone for three before it is
over. A clock never feeds a deadline. Times are monotonic seconds.
"""

from itertools import islice
from statistics import median

from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict

LIMIT_S = 1.0
"""How far (s) a clock may be off the fleet's median: results are timed to the second."""

REFERENCE_EVERY = 5
"""After how many ticks the fleet's median clock offset is taken anew."""

_STEADY = 3
_SAMPLE_MAX = 101
_LOOKED_AT_MAX = 1_000  # hosts, evenly from a big fleet
_UNCERTAIN_S = LIMIT_S  # an offset that is less certain is no yardstick for others
_ENOUGH = 3  # of two clocks that differ nobody can tell which is wrong: then ours is believed


class Clocks:
    """Begins and ends the incidents of clocks.

    Attributes:
        reference_s: the median clock offset (s) of the fleet, against ours.
    """

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._reference_at = -INF
        self.reference_s = 0.0

    def take_reference(self, now: float) -> None:
        """Take the fleet's median clock offset anew, from a sample of its living hosts.

        At most once a second. Offsets whose round trip was long are left
        out: where beats have waited for us, each of them is off by half of that, the same way. As
        long as there are no others the former median stands.
        """
        if now < self._reference_at + 1.0:
            return
        self._reference_at = now
        apart = max(1, len(self._fleet) // _LOOKED_AT_MAX)
        known = [
            (host.clock_offset_s, (host.round_trip_s or 0.0) / 2 <= _UNCERTAIN_S)
            for host in islice(self._fleet, None, None, apart)
            if host.is_listed and host.state in ALIVE and host.clock_offset_s is not None
        ]
        certain = [offset_s for offset_s, is_certain in known if is_certain]
        offsets = certain[:: max(1, len(certain) // _SAMPLE_MAX)]
        if len(offsets) >= _ENOUGH:
            self.reference_s = median(offsets)
        elif len(known) < _ENOUGH:
            self.reference_s = 0.0

    def shift(self, step_s: float) -> None:
        """Note that our own wall clock jumped ahead by ``step_s``: no host's did."""
        for host in self._fleet:
            if host.clock_offset_s is not None:
                host.clock_offset_s -= step_s
        self.reference_s -= step_s

    def examine(self, host: Host, now: float) -> None:
        """Count a measured offset, and begin or end the incident of this clock.

        By half a round trip the offset may be wrong (RFC 5905, 8): such a one proves neither.
        """
        if host.clock_offset_s is None:
            return
        echoes, offset_s = host.echoes, host.clock_offset_s
        uncertainty_s = (host.round_trip_s or 0.0) / 2
        off_s = abs(offset_s - self.reference_s)
        if off_s > LIMIT_S + uncertainty_s:
            echoes.in_time = 0
            echoes.skewed += 1
        elif off_s + uncertainty_s <= LIMIT_S:
            echoes.skewed = 0
            echoes.in_time += 1
        subject = Subject("clock", host.venue, host.name)
        if echoes.skewed == _STEADY:
            self.take_reference(now)
            if abs(offset_s - self.reference_s) > LIMIT_S + uncertainty_s:
                self._incidents.begin(subject, self._verdict(offset_s, uncertainty_s, now), now)
            else:
                echoes.skewed = 0
        elif echoes.in_time >= _STEADY and subject in self._incidents.open:
            self._incidents.end(subject, now)

    def _verdict(self, offset_s: float, uncertainty_s: float, at: float) -> Verdict:
        detail = {
            "offset_s": round(offset_s, 3),
            "fleet_median_s": round(self.reference_s, 3),
            "uncertainty_s": round(uncertainty_s, 3),
        }
        return Verdict(Cause.CLOCK_SKEW, (Evidence(at, CENTRE, "clock", detail),))
