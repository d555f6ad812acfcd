"""Terms of a plan: working hours, lengths of slots, and the refusal of what can't be met."""

import re
from typing import Annotated

import msgspec

DAY_S = 86_400
_MINUTE_S = 60
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600}
_PATTERN = r"\A([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)\Z"

Hours = Annotated[
    str,
    msgspec.Meta(
        pattern=_PATTERN, extra={"words": "hours of a day as 08:00-20:00", "is_shown": True}
    ),
]


class PlanError(Exception):
    """A plan can't be made or can't be used; its text is the one line for the operator.

    Attributes:
        constraint: one word, such as ``officers``.
    """

    def __init__(self, constraint: str, text: str) -> None:
        super().__init__(f"{constraint}: {text}")
        self.constraint = constraint


def span(hours: str) -> tuple[int, int]:
    """Return the begin and the end of ``hours``, in seconds of a day.

    Raises:
        ValueError: they are none, or end before they begin.
    """
    if re.fullmatch(_PATTERN, hours) is None:
        raise ValueError(f"expected hours of a day as 08:00-20:00, got {hours[:40]!r}")
    begins, ends = (_seconds(part) for part in hours.split("-"))
    if begins >= ends:
        raise ValueError(f"expected hours that end after they begin, on one day, got {hours}")
    return begins, ends


def length_s(text: str) -> int:
    """Return a length as ``20m``, ``90s`` or ``1h`` in seconds.

    Raises:
        ValueError: it is none of 1 minute to 1 day.
    """
    found = re.fullmatch(r"([1-9]\d{0,4})(s|m|min|h)", text, re.ASCII)
    value = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _MINUTE_S <= value <= DAY_S:
        raise ValueError(f"expected a length from 1m to 24h, as 20m, got {text[:40]!r}")
    return value


def clock(at_s: int) -> str:
    """Return a moment of a day (s) as ``08:20``."""
    return f"{at_s // 3_600 % 24:02}:{at_s // 60 % 60:02}"


def _seconds(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3_600 + int(minutes) * 60
