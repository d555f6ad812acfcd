"""Says which units play besides at a source on a busy day, second by second: pure.

1. So many play at once, of ``DISCIPLINES`` by turn. Each has a new score every second.
2. Each ``ENDS_EACH`` seconds the one that began first ends, and another begins.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from venuewatch.base import odf

DISCIPLINES: Final = tuple(odf.code_of(each) for each in ("ATH", "FEN", "SWM", "VVO"))
"""The codes of those that play."""

ENDS_EACH: Final = 10
"""A unit ends each so many seconds."""

UNITS_MAX: Final = 40
"""No more play at once, whoever asks for more: a folder keeps the messages of some seconds only."""

_LETTERS: Final = 3


class Told(NamedTuple):
    """What is said of a unit: a result of a ``status``, or a score where that is empty."""

    code: str
    version: int
    status: str = ""


class Units:
    """The units that play; none does before the first ``advance``."""

    def __init__(self) -> None:
        self._scores: dict[str, int] = {}
        self._begun = self._seconds = 0

    @property
    def are_playing(self) -> bool:
        """Whether any plays."""
        return bool(self._scores)

    def end(self) -> None:
        """Let none play any more."""
        self._scores.clear()

    def advance(self, count: int) -> Iterator[Told]:
        """Yield what is said in one second, of so many."""
        self._seconds += 1
        if self._scores and self._seconds % ENDS_EACH == 0:
            first = next(iter(self._scores))
            del self._scores[first]
            yield Told(first, 2, "OFFICIAL")
        while len(self._scores) < min(count, UNITS_MAX):
            code = _code_of(self._begun)
            self._begun += 1
            self._scores[code] = 0
            yield Told(code, 1, "LIVE")
        for code in self._scores:
            self._scores[code] += 1
            yield Told(code, self._scores[code])


def _code_of(number: int) -> str:
    discipline = DISCIPLINES[number % len(DISCIPLINES)][:_LETTERS]
    return odf.code_of(discipline, f"WTEAM7-------------GPA-{number + 1:06}")
