"""Finds that one of the demo's own processes gets no CPU, on a machine that is too busy.

Such a process is silent because of this machine, not of what the demo shows: nobody shall be
accused of that. Linux says it in ``/proc``; elsewhere nothing is found. A process that somebody has
stopped waits for nothing, so it is found as silent as it is.
"""

from pathlib import Path
from typing import NamedTuple

WAITED_S = 0.2
"""For how long (s) a process waits between two looks until it counts as starved."""

EXCUSED_S = 2.5
"""How long (s) after the last such look it is still excused: its next beat has to come."""

_NS = 1e9
_RAN_S = 0.005  # the kernel notes at its own ticks how long a process ran


class Sample(NamedTuple):
    """What the kernel says of a process at one time.

    ``state`` is its letter (R: it runs or wants to, D: it waits for a disk), ``ran_s`` how long it
    ran, ``waited_s`` how long it wanted to run and did not, ``turns`` how often it ran.
    """

    at: float
    state: str
    ran_s: float
    waited_s: float
    turns: int


def waited_between(before: Sample, now: Sample) -> float:
    """Return how long (s) a process could not run between two samples.

    The kernel adds to ``waited_s`` only when the process runs again.
    """
    if now.turns != before.turns:
        return min(now.at - before.at, now.waited_s - before.waited_s)
    is_waiting = before.state in "RD" and now.state in "RD"
    has_run = now.ran_s - before.ran_s > _RAN_S
    return now.at - before.at if is_waiting and not has_run else 0.0


def sample(pid: int, at: float, proc: Path = Path("/proc")) -> Sample | None:
    """Return what the kernel says of a process now; None where it says nothing."""
    try:
        ran_ns, waited_ns, turns = (proc / f"{pid}/schedstat").read_text().split()
        state = (proc / f"{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return Sample(at, state, int(ran_ns) / _NS, int(waited_ns) / _NS, int(turns))
    except (OSError, ValueError, IndexError):
        return None


class Watch:
    """Watches processes, each by a name."""

    def __init__(self, pids: dict[str, int], proc: Path = Path("/proc")) -> None:
        self._pids = pids
        self._proc = proc
        self._last: dict[str, Sample] = {}
        self._until: dict[str, float] = {}

    def look(self, now: float) -> list[str]:
        """Return the processes that are starved at ``now`` (monotonic s)."""
        found = []
        for name, pid in self._pids.items():
            seen = sample(pid, now, self._proc)
            before = self._last.pop(name, None)
            if seen is None:
                continue
            self._last[name] = seen
            if before is not None and waited_between(before, seen) >= WAITED_S:
                found.append(name)
                self._until[name] = now + EXCUSED_S
        return found

    def excused(self, now: float) -> list[str]:
        """Return the processes that are starved at ``now``, or were a moment ago."""
        return [name for name, until in self._until.items() if now < until]
