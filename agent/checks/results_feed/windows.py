"""Talking windows of one source: one for each discipline, since disciplines may share a hall.

1. Only what proves a window opens one: its beginning, a keep-alive, or a live unit. All else may be
   sent at any time: schedules, entries and reports come days before, and re-sends days behind.
2. A beginning and an end count for the discipline of their code. Without one, an end is that of all
   windows, and a beginning that of a window which holds every discipline without one of its own.
3. A keep-alive without a discipline opens nothing while another window is open.
4. Live data never opens a window that was closed. A keep-alive does, if it is newer by a minute:
   the next beginning was lost. One that is newer by less was sent while the source ended.
5. What keep-alives alone have opened is in doubt after the end of any discipline: theirs may have
   been wrong.
6. A beginning or an end that was heard already is sent again, and changes nothing.
7. A window without an end ends with the logical day.
"""

from collections import deque

from agent.checks.results_feed.header import Message

LOCAL_ON, LOCAL_OFF, KEEP_ALIVE = "DT_LOCAL_ON", "DT_LOCAL_OFF", "DT_KA"
SIGNS = frozenset({LOCAL_ON, LOCAL_OFF, KEEP_ALIVE})
"""The types that say something of the source; all others carry data."""

ANY = ""
"""The discipline of what has none."""

REORDERED_S = 600.0  # a message so much older than another is no late one: the clock was set
_GENERAL = frozenset({"GEN", "GLO"})  # codes that stand for no discipline
_LETTERS = 3
_MAX_WINDOWS = 64
_MAX_TURNS = 16  # beginnings and ends of one window that are remembered; a few a day are usual
_ENDING_S = 60.0  # in which a source that has ended may say a last time that it is alive


class _Window:
    """``is_open`` is None where nobody knows, as after a logical day that ended in silence.

    ``is_sure``: more than keep-alives told of it. ``left_s`` is when (unixtime) it got in doubt.
    """

    def __init__(self) -> None:
        self.is_open: bool | None = None
        self.is_sure = False
        self.turned_s: float | None = None
        self.left_s: float | None = None
        self._turns: deque[tuple[float, bool]] = deque(maxlen=_MAX_TURNS)

    def turn(self, stamp_s: float | None, *, is_open: bool) -> None:
        if stamp_s is not None:
            if (stamp_s, is_open) in self._turns:
                return
            self._turns.append((stamp_s, is_open))
        if not is_late(stamp_s, self.turned_s):
            self.is_open, self.turned_s = is_open, stamp_s
            self.is_sure, self.left_s = True, None

    def doubt(self, stamp_s: float | None) -> None:
        self.is_open, self.left_s = None, stamp_s

    def opens_after_s(self) -> float | None:
        """Return the stamp after which a keep-alive opens it; None if none does."""
        ended_s = self.turned_s if self.is_open is False else self.left_s
        return None if ended_s is None else ended_s + _ENDING_S


class Windows:
    """The windows of one source, by discipline: a bounded number."""

    def __init__(self) -> None:
        self._by_discipline: dict[str, _Window] = {}

    @property
    def is_any_open(self) -> bool:
        """Tell whether the source should talk."""
        return any(window.is_open for window in self._by_discipline.values())

    def is_open(self, discipline: str) -> bool:
        """Tell whether a discipline is in a window."""
        window = self._of(discipline)
        return window is not None and window.is_open is True

    def hear(self, message: Message, stamp_s: float | None, *, is_live: bool) -> None:
        """Take in a message stamped ``stamp_s`` (unixtime); ``is_live``: it is of a live unit."""
        discipline = discipline_of(message.code)
        if message.type == LOCAL_OFF:
            self._end(discipline, stamp_s)
        elif message.type == LOCAL_ON:
            self._make(discipline).turn(stamp_s, is_open=True)
        elif message.type == KEEP_ALIVE and not (discipline == ANY and self.is_any_open):
            if self._is_newer(discipline, stamp_s):
                self._open(discipline)
        elif is_live:
            if self._of(discipline) is None:
                self._open(discipline)
            if discipline in self._by_discipline:
                self._by_discipline[discipline].is_sure = True

    def end_days(self, days: int, live: frozenset[str]) -> list[str]:
        """Close what is open, ``days`` days after the last message; return the disciplines.

        One of a discipline in ``live`` is closed after two days only.
        """
        ended = []
        for discipline, window in self._by_discipline.items():
            is_live = bool(live) if discipline == ANY else discipline in live
            if window.is_open and days >= (2 if is_live else 1):
                window.is_open = None
                ended.append(discipline)
        return ended

    def _end(self, discipline: str, stamp_s: float | None) -> None:
        self._make(discipline)
        for name, window in self._by_discipline.items():
            if discipline == ANY or name in (discipline, ANY):
                window.turn(stamp_s, is_open=False)
            elif window.is_open and not window.is_sure:
                window.doubt(stamp_s)

    def _of(self, discipline: str) -> _Window | None:
        """Return the window that holds a discipline; None if nobody knows of any."""
        for name in (discipline, ANY):
            window = self._by_discipline.get(name)
            if window is not None and window.is_open is not None:
                return window
        return None

    def _make(self, discipline: str) -> _Window:
        window = self._by_discipline.pop(discipline, None) or _Window()
        self._by_discipline[discipline] = window
        if len(self._by_discipline) > _MAX_WINDOWS:
            del self._by_discipline[next(iter(self._by_discipline))]
        return window

    def _open(self, discipline: str) -> None:
        window = self._make(discipline)
        window.is_sure = window.is_sure and window.is_open is True
        window.is_open, window.left_s = True, None

    def _is_newer(self, discipline: str, stamp_s: float | None) -> bool:
        """Tell whether a keep-alive is of a window that began after what is known to have ended."""
        names = self._by_discipline if discipline == ANY else (discipline, ANY)
        ends = [self._by_discipline[name] for name in names if name in self._by_discipline]
        ends = [window for window in ends if window.is_open is False or window.left_s is not None]
        if not ends:
            return True
        after = [at_s for at_s in map(_Window.opens_after_s, ends) if at_s is not None]
        return stamp_s is not None and len(after) == len(ends) and stamp_s > max(after)


def discipline_of(code: str) -> str:
    """Return the discipline that a code begins with, :data:`ANY` if it has none."""
    letters = code[:_LETTERS]
    has_one = len(letters) == _LETTERS and letters.isalnum() and letters not in _GENERAL
    return letters if has_one else ANY


def is_late(stamp_s: float | None, known_s: float | None) -> bool:
    """Return whether a message is overtaken by what is known: stamped a little before it."""
    return stamp_s is not None and known_s is not None and 0 < known_s - stamp_s < REORDERED_S
