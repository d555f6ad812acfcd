"""Means that the machine refuses the agent: its disk, threads, descriptors, processes.

The agent goes on without them, and each part does with what there is. Here is what is said of it:

1. Each means has a count of refusals, that its users keep. It is looked at when vitals are taken.
2. When a count has risen the means is lacking: that is logged once, with the reason.
3. It is there again when nobody was refused it for ``QUIET_S`` and no trouble lasts: logged, too.
"""

import errno
import logging
import os
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from agent.checks.host import adoption
from agent.spool.thread import SpoolThread
from venuewatch.base import log, threads

QUIET_S: Final = 300.0
"""How long (s) nobody is refused what is there again: a plugin may run each minute or so."""

_NO_THREAD: Final = "the system gives no more threads"
_NO_PROCESS: Final = "the system gives no more processes"
_NO_DESCRIPTOR: Final = "too many files and connections are open"

_logger = logging.getLogger("agent")


class Refusals(NamedTuple):
    """How often a means was refused so far, why, and whether it is known to be lacking now."""

    times: int
    why: str
    lasts: bool = False


class Means:
    """What is lacking. ``sources`` has, by the name of a means, what tells its refusals."""

    def __init__(self, sources: Mapping[str, Callable[[], Refusals]]) -> None:
        self._sources = sources
        self._counts = dict.fromkeys(sources, 0)
        self._lacking: dict[str, float] = {}  # since when (monotonic s) nobody was refused it

    def look(self, now: float) -> list[tuple[str, int]]:
        """Log what has changed; return how often each means was refused, if it ever was."""
        for name, ask in self._sources.items():
            refusals = ask()
            if refusals.times > self._counts[name] or refusals.lasts:
                self._counts[name] = refusals.times
                if name not in self._lacking:
                    log.event(
                        _logger, logging.WARNING, "means_refused", means=name, why=refusals.why
                    )
                self._lacking[name] = now
            elif name in self._lacking and now - self._lacking[name] >= QUIET_S:
                del self._lacking[name]
                log.event(_logger, logging.INFO, "means_granted", means=name)
        return [(name, count) for name, count in self._counts.items() if count]


class Descriptors:
    """Asks for a descriptor, and gives it back."""

    def __init__(self) -> None:
        self._refused = 0

    def ask(self) -> Refusals:
        """Return how often there was none when this was called."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._refused += 1
                return Refusals(self._refused, _NO_DESCRIPTOR, lasts=True)
        return Refusals(self._refused, "")


def means_of(spool: SpoolThread) -> Means:
    """Return the means that this agent needs."""

    def disk() -> Refusals:
        status = spool.status
        why = f"the spool: {status.trouble or 'it failed, and goes on'}"
        return Refusals(status.failures, why, lasts=bool(status.trouble))

    return Means(
        {
            "disk": disk,
            "threads": lambda: Refusals(threads.refused(), _NO_THREAD),
            "descriptors": Descriptors().ask,
            "processes": lambda: Refusals(adoption.refused(), _NO_PROCESS),
        }
    )
