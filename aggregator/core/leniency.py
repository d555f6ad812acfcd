"""What puts deadlines off though nobody was heard: our own lags, and ways that were cut.

A lag in which nobody could be heard is credited in full; who was cut off gets the time to find its
way back. Times are monotonic seconds.
"""

from collections.abc import Iterable

from aggregator.core.deadlines import Deadlines
from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.states import ALIVE, HostState

_GRACE_EXTRA_S = 5.0


class Leniency:
    """Puts off the deadlines of a fleet. ``reconnect_max_s``: how long an agent may wait to."""

    def __init__(self, fleet: Fleet, deadlines: Deadlines, *, reconnect_max_s: float) -> None:
        self._fleet = fleet
        self._deadlines = deadlines
        self._grace_s = reconnect_max_s + _GRACE_EXTRA_S

    def grace_s(self, host: Host) -> float:
        """Return how long (s) ``host`` may take to find its way back to us."""
        return max(self._grace_s + host.margin_s, host.announced_allowance_s)

    def credit(self, lag_s: float) -> None:
        """Move every deadline by ``lag_s``, in which nobody could be heard."""
        for host in self._fleet:
            host.deadline += lag_s
            host.will_due += lag_s
        self._deadlines.queue_all()

    def subscribed(self, now: float) -> None:
        """We can hear (again): the grace begins in which the fleet may find its way back."""
        for host in self._fleet:
            grace_ends = now + self.grace_s(host)
            if host.state is HostState.UNKNOWN:
                host.deadline = grace_ends
            elif host.state is HostState.AWAY:
                host.deadline = max(host.deadline, grace_ends)
            elif host.state in ALIVE:  # heard before the subscription was acknowledged
                host.deadline = now + host.allowance_s
            elif host.state is HostState.UNREACHABLE and host.deadline < INF:
                host.deadline = grace_ends
        self._deadlines.queue_all()

    def expect_back(self, hosts: Iterable[Host], at: float) -> None:
        """Their venue is back: grant unreachable hosts the grace to find their way."""
        for host in hosts:
            if host.state is HostState.UNREACHABLE:
                host.deadline = at + self.grace_s(host)
                self._deadlines.queue(host)

    def excuse(self, hosts: Iterable[Host], at: float) -> None:
        """Their way to us was cut: agents that hung up meanwhile now reconnect, and leave wills.

        For the grace a will says only that its host has to find its way back.
        """
        for host in hosts:
            host.excused_until = max(host.excused_until, at + self.grace_s(host))
            if host.closed_at is not None and host.state in ALIVE:
                host.deadline = max(host.deadline, host.excused_until)

    def begin_anew(self, hosts: Iterable[Host], at: float) -> None:
        """Expect of living hosts no more than if they had just been heard."""
        for host in hosts:
            if host.state in ALIVE:
                host.deadline = max(host.deadline, at + host.allowance_s)


def void_wills(hosts: Iterable[Host]) -> None:
    """Believe no will of ``hosts`` that is held; of who is down already it is still evidence."""
    for host in hosts:
        host.will_due = INF
        if host.state is not HostState.DOWN:
            host.closed_at = None
