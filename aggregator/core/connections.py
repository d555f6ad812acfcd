"""Connections: what the beginning and the end of our own connections mean.

==========================  =========================================  ============================
what                        means                                      told as
==========================  =========================================  ============================
the live one is lost        blind: no silence means anything           as ``hearing`` has it
the bulk one is lost        checks are not known, and are put off;     ``bulk_lost`` after 3 s
                            nothing measured is shown
another has our name        we throw each other out                    ``duplicate_aggregator``; it
                                                                       explains the other two
==========================  =========================================  ============================

Times are monotonic seconds.
"""

from collections.abc import Mapping

from aggregator.core.bulk import Bulk, Missing
from aggregator.core.doubling import Doubling
from aggregator.core.ends import Ends
from aggregator.core.hearing import Hearing
from aggregator.core.host import INF
from aggregator.core.incidents.troubles import Troubles
from aggregator.core.outputs import Connection, Doubled, Output
from aggregator.core.verdicts.causes import Cause, Scalar
from aggregator.core.verdicts.centre import Blindness
from aggregator.core.verdicts.checks import FailedChecks
from venuewatch.base.wire.messages import BulkCanary, CentreState

_AFTER_DOUBT_S = 3.0  # what waited for us on the other connection is drained by then

_WHY: Mapping[Missing, str] = {
    "connection": "the connection for readings is not subscribed",
    "canary": "what is sent to the connection for readings does not arrive",
}


class Connections:
    """Our own connections; ``boot``: of this process, ``has_bulk``: readings come on their own one.

    Attributes:
        bulk: whether readings are heard.
        doubling: whether another aggregator has our name.
        ends: what the ends of the live one say.
        next_at: when (s) something becomes due here; INF for never.
        holds_checks: no check is judged, since its readings may wait.
    """

    def __init__(
        self,
        hearing: Hearing,
        checks: FailedChecks,
        troubles: Troubles,
        outputs: list[Output],
        *,
        boot: str,
        has_bulk: bool,
    ) -> None:
        self._hearing = hearing
        self._checks = checks
        self._troubles = troubles
        self._outputs = outputs
        self.bulk = Bulk(is_separate=has_bulk)
        self.doubling = Doubling(boot)
        self.ends = Ends()
        self.next_at = INF
        self.holds_checks = has_bulk

    def explains(self, blindness: Blindness) -> bool:
        """Tell whether we hear nothing because another aggregator has our place."""
        return blindness.missing == "connection" and self.doubling.is_known

    def begin(self, now: float) -> None:
        """Begin at ``now``, without any connection."""
        self.bulk.lost(now)
        self._plan()

    def opened(self, connection: Connection, now: float) -> None:
        """Note that a connection begins."""
        self.doubling.opened(connection)
        if connection == "bulk":
            lost_since = self.bulk.lost_since
            self.bulk.opened(now)
            self._go_on(lost_since, now)
        else:
            self.ends.opened(now)
        self._plan()

    def lost(self, connection: Connection, now: float, *, is_taken_over: bool) -> None:
        """Note that one ended; ``is_taken_over``: the broker says that another has its place."""
        if connection == "bulk":
            self.bulk.lost(now)
        else:
            self.ends.lost(now, is_taken_over=is_taken_over)
        if is_taken_over:
            self.doubling.taken_over(now)
            self._tell_double(connection, now)
        self._plan()

    def refused(self, connection: Connection, why: str, now: float) -> None:
        """Note that the broker refused one, or closed it before its start, in these words."""
        if connection == "live":
            self.ends.refused(why, now)

    def live_heard(self, from_at: float) -> None:
        """Note since when (s) the live connection is heard without a break; INF while it is not."""
        self.bulk.live_heard(from_at)
        self._plan()

    def sent(self, number: int, now: float) -> None:
        """Note that a canary went out to the bulk connection."""
        self.bulk.sent(number, now)
        self._plan()

    def credit(self, start: float, end: float) -> None:
        """Wait longer: our process did not run from ``start`` to ``end``."""
        self.bulk.credit(start, end)
        self._plan()

    def hear_state(self, state: CentreState, now: float) -> bool:
        """Note what is said under our name; return whether it is another who says it."""
        is_other = self.doubling.hear_state(state.boot, now)
        if is_other:  # it has both client ids, since both follow from the name
            self._tell_double("live", now)
            self._tell_double("bulk", now)
            self._plan()
        return is_other

    def hear_canary(self, canary: BulkCanary, now: float, *, is_ours: bool) -> None:
        """Note a canary that came on the bulk connection; ``is_ours``: it has our name."""
        if canary.boot != self.doubling.boot:
            if self.doubling.hear_canary(canary.boot, now, is_ours=is_ours):
                if is_ours:  # as in ``hear_state``
                    self._tell_double("live", now)
                self._tell_double("bulk", now)
        else:
            lost_since = self.bulk.lost_since
            self.bulk.came_back(canary.number, now)
            self._go_on(lost_since, now)
        self._plan()

    def advance(self, now: float) -> None:
        """Do what was due by ``now``.

        While our own hearing is in doubt, a canary that stays away says nothing of bulk.
        """
        if self.doubling.ends_at <= now:
            self.doubling.end()
            self._troubles.end(Cause.DUPLICATE_AGGREGATOR, now)
            self._tell_loss(now)
        if now >= self._hearing.doubt_at:
            self.bulk.put_off(now + _AFTER_DOUBT_S)
        elif self.bulk.take_loss(now):
            self._tell_loss(now)
        self._plan()

    def _plan(self) -> None:
        self.next_at = min(self.bulk.next_deadline(), self.doubling.ends_at)
        self.holds_checks = self.bulk.lost_since is not None

    def _go_on(self, lost_since: float | None, now: float) -> None:
        """Judge checks again if readings are heard again: they were put off since then."""
        if lost_since is not None and self.bulk.lost_since is None:
            self._checks.credit(now - lost_since)
            self._troubles.end(Cause.BULK_LOST, now)

    def _tell_loss(self, now: float) -> None:
        loss = self.bulk.loss
        if loss is not None and not self.doubling.is_known:
            self._troubles.begin(Cause.BULK_LOST, _WHY[loss.missing], now, since=loss.since)

    def _tell_double(self, connection: Connection, now: float) -> None:
        doubling = self.doubling
        why = f"another aggregator takes the place of our {connection} connection"
        figures: dict[str, Scalar] = {"connection": connection, "we_yield": doubling.yields}
        self._troubles.begin(Cause.DUPLICATE_AGGREGATOR, why, now, figures)
        self._outputs.append(
            Doubled(now, connection, doubling.yields, doubling.wait_s, doubling.ends_at)
        )
