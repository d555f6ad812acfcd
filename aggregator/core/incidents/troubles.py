"""Troubles of the centre itself, beside its hearing: each is one incident of a part of it.

Shell and core say when one begins and when it is over; several can be open at once. None of them
suspends a verdict. Times are monotonic seconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.suspension import Grace
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Scalar, Verdict

PARTS: Final[Mapping[Cause, str]] = {
    Cause.BULK_LOST: "bulk",
    Cause.CENTRE_SIDE_LOSS: "venues",
    Cause.CLOCK_JUMP: "clock",
    Cause.DUPLICATE_AGGREGATOR: "name",
    Cause.GRACE_TOO_LONG: "grace",
    Cause.HUNG_UP_TOGETHER: "connections",
    Cause.JOURNAL_FAILING: "journal",
    Cause.MEMORY_LOST: "memory",
    Cause.NOTICES_FAILING: "notices",
}
"""The part of the centre that each cause is about: what its incident's subject has as check."""

RESTORED_S = 60.0
"""How long (s) an incident of an earlier process stays open, unless it is said again."""


def subject_of(cause: Cause) -> Subject:
    """Return the subject of a trouble's incident."""
    return Subject("centre", check=PARTS[cause])


class Troubles:
    """What is wrong with parts of the centre."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def begin(
        self,
        cause: Cause,
        why: str,
        at: float,
        figures: Mapping[str, Scalar] = MappingProxyType({}),
        *,
        since: float | None = None,
    ) -> None:
        """Open its incident, or go on with it: what is not said yet is added to its evidence.

        ``why``: what is wrong, as the end of a sentence, without a stop. ``figures`` go with it.
        ``since``: when it became true, if that was before ``at``.
        """
        detail = {"why": why, **figures}
        subject = subject_of(cause)
        current = self._incidents.open.get(subject)
        if current is not None and any(seen.detail == detail for seen in current.evidence):
            self._incidents.stay(subject)
            return
        seen = Evidence(at, CENTRE, "trouble", detail)
        self._incidents.begin(subject, Verdict(cause, (seen,)), at, since=since)

    def follow_grace(self, grace: Grace, at: float, *, is_explained: bool) -> None:
        """Tell, once, that hosts have been given time for longer than was promised."""
        renewals = grace.take_broken(at)
        if renewals and not is_explained:
            figures = {"renewals": renewals, "for_s": round(at - grace.began, 3)}
            why = "we lost the fleet again before every host was judged"
            self.begin(Cause.GRACE_TOO_LONG, why, at, figures, since=grace.began)

    def end(self, cause: Cause, at: float) -> None:
        """Close its incident, if one is open."""
        self._incidents.end(subject_of(cause), at)

    def end_at(self, cause: Cause, at: float) -> None:
        """Close its incident at ``at``, unless it begins again before."""
        self._incidents.end_at(subject_of(cause), at)
