"""Words of a report: verdicts, moments and bounded texts, the same in every form of it."""

from collections.abc import Mapping
from typing import Final

from venuewatch.base.config import one_line
from venuewatch.rehearsal.score.result import Verdict

TEXT_MAX: Final = 300
"""Characters of one text; names of others may be of any length."""

VERDICT: Final[Mapping[Verdict, str]] = {
    "pass": "passed",
    "fail": "failed",
    "void": "void",
    "not_judged": "not judged",
}
MEANING: Final[Mapping[str, str]] = {
    "detected": "from when it was true until an outside reader got it",
    "told": "from then until a receiver took a notice",
    "cause": "from when it was true until the right cause was said",
    "recovery": "from when it was mended until it was over",
}


def plain(text: object) -> str:
    """Return a text as one line of bounded length, without signs that steer anything."""
    shown = one_line(str(text)[: TEXT_MAX + 1])
    return shown if len(shown) <= TEXT_MAX else f"{shown[: TEXT_MAX - 1]}…"


def seconds(value_s: float | None, none: str = "-") -> str:
    """Return a time in words."""
    return none if value_s is None else f"{value_s:.1f} s"
