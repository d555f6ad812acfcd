"""Tells if a program that was started has come up: alive, spool open, and the centre heard.

Pure: looks at the program are given to ``see``, with their times, and ``verdict`` tells.
"""

from typing import NamedTuple

ALIVE_S = 10.0
"""How long (s) one process must live without a restart."""

HEARD_S = 60.0
"""Within this time (s) a tick of the centre must be heard, where the old agent was connected."""

APPEAR_S = 15.0
"""Within this time (s) there must be a process at all."""

CONNECTED = "connected to "
HEARS = ", hears the centre"
"""How the agent's status begins while it is connected, and ends once it has received a tick."""


class Look(NamedTuple):
    """One look at the program: its process (0 for none), and its own words.

    ``spool``: when that was changed last (ns), 0 where there is none, None where a program needs
    none. ``is_on``: it is kept running, if only by a start each second. ``at_boot``: it is started
    at each boot.
    """

    pid: int
    status: str
    spool: int | None
    is_on: bool = True
    at_boot: bool = True


class Verdict(NamedTuple):
    """How it stands; ``why`` is in words where it is not well."""

    is_well: bool
    why: str = ""


class Health:
    """Judges one start. Times are monotonic seconds.

    ``must_be_heard``: the agent of before was connected, so this one has to be, too.
    ``spool_before``: when its spool was changed last before this start, as of a look.
    """

    def __init__(
        self, begun_at: float, *, must_be_heard: bool, spool_before: int | None = 0
    ) -> None:
        self._begun_at = begun_at
        self._spool_before = spool_before
        self._must_be_heard = must_be_heard
        self._pid = 0
        self._alive_since = begun_at
        self._is_heard = False
        self._is_spool_open = False
        self._ended = ""
        self._status = ""

    def see(self, look: Look, now: float) -> None:
        """Take in one look."""
        if look.pid and not self._pid:
            self._pid, self._alive_since = look.pid, now
        elif look.pid != self._pid and not self._ended:
            self._ended = f"it ended after {now - self._alive_since:.0f} s"
        self._status = look.status or self._status
        self._is_spool_open |= look.spool is None or look.spool not in {0, self._spool_before}
        self._is_heard |= look.status.startswith(CONNECTED) and look.status.endswith(HEARS)

    def verdict(self, now: float) -> Verdict | None:
        """Return how it stands; None while that is open."""
        if self._ended:
            return Verdict(is_well=False, why=self._ended + self._last_words)
        if not self._pid:
            is_late = now - self._begun_at > APPEAR_S
            return Verdict(is_well=False, why="it did not start") if is_late else None
        is_old_enough = now - self._alive_since >= ALIVE_S
        lacks = []
        if not self._is_spool_open:
            lacks.append("its spool is not open")
        if self._must_be_heard and not self._is_heard:
            lacks.append("it has received no tick of the centre")
        if is_old_enough and not lacks:
            return Verdict(is_well=True)
        if now - self._begun_at > HEARD_S and lacks:
            why = f"after {HEARD_S:.0f} s {' and '.join(lacks)}{self._last_words}"
            return Verdict(is_well=False, why=why)
        return None

    @property
    def _last_words(self) -> str:
        return f' (its last words: "{self._status}")' if self._status else ""
