"""Verdict on the terms that a host announces in its birth: out of bounds, the bound is used.

=====================  =========================================  =================
term                   bound                                      what it is for
=====================  =========================================  =================
``interval_s``         ``INTERVAL_MAX_S`` (60)                    its deadline
``keepalive_s``        ``KEEPALIVE_MAX_S`` (60)                   how a will is read
``reconnect_max_s``    ``[detection] reconnect_limit_s`` (60)     its grace
=====================  =========================================  =================

Else a host would say itself how long nobody may ask for it. A birth that can't be read at all is
told in the same incident, with the field that does not fit. The incident ends with a birth that
can be read and whose terms are within bounds. Times are monotonic seconds.
"""

from msgspec.structs import replace

from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Scalar, Verdict
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.links import INTERVAL_MAX_S, KEEPALIVE_MAX_S
from venuewatch.base.wire.messages import Birth


def bounded(birth: Birth) -> Birth:
    """Return a birth as it is judged by: interval and keepalive are within their bounds.

    ``reconnect_max_s`` stays as announced: the grace bounds it by itself (``expectation.py``).
    """
    if birth.interval_s <= INTERVAL_MAX_S and birth.keepalive_s <= KEEPALIVE_MAX_S:
        return birth
    return replace(
        birth,
        interval_s=min(birth.interval_s, INTERVAL_MAX_S),
        keepalive_s=min(birth.keepalive_s, KEEPALIVE_MAX_S),
    )


class Terms:
    """Begins and ends the incidents of terms. ``reconnect_limit_s``: see ``expectation``."""

    def __init__(self, incidents: Incidents, *, reconnect_limit_s: float) -> None:
        self._incidents = incidents
        self._bounds = {
            "interval_s": INTERVAL_MAX_S,
            "keepalive_s": KEEPALIVE_MAX_S,
            "reconnect_max_s": reconnect_limit_s,
        }

    def take(self, host: Host, announced: Birth, now: float) -> None:
        """Take in what a host has announced."""
        subject = Subject("terms", host.venue, host.name)
        refused: dict[str, Scalar] = {}
        for term, bound in self._bounds.items():
            said = getattr(announced, term)
            if said > bound:
                refused |= {term: said, f"{term[:-2]}_used_s": bound}
        if refused:
            seen = Evidence(now, host.name, "terms", refused)
            self._incidents.begin(subject, Verdict(Cause.TERMS_REFUSED, (seen,)), now)
        else:
            self._incidents.end(subject, now)

    def refuse(self, host: Host, error: MalformedMessageError, now: float) -> None:
        """Note that a host's birth is refused; one that says the same again is no news."""
        subject = Subject("terms", host.venue, host.name)
        detail: dict[str, Scalar] = {
            "field": error.field or "the whole message",
            "expected": error.expected,
        }
        if self._is_known(subject, detail):
            return
        seen = Evidence(now, host.name, "birth", detail)
        self._incidents.begin(subject, Verdict(Cause.BIRTH_REFUSED, (seen,)), now)

    def _is_known(self, subject: Subject, detail: dict[str, Scalar]) -> bool:
        """Tell whether the open incident says the same already, and ends at no moment."""
        incidents = self._incidents
        known = incidents.open.get(subject)
        if known is None or not incidents.is_fallen(subject) or incidents.is_ending(subject):
            return False
        last = known.evidence[-1:]
        return any(seen.seen == "birth" and seen.detail == detail for seen in last)
