"""Mark of an exercise: people must never take what is told in a rehearsal for a real failure.

The core decides as ever. What tells people marks its words, each kind of outlet at one place:

1. The log, as each line is formatted (``log.mark``).
2. Pages, by the templates' filter ``said``, and by a banner and a title in their layout.
3. The page's events, which a browser shows and speaks.
4. Notices of the webhook, as they are written.
5. Alerts for Alertmanager, as they are written.
6. The terminal, as its lines are painted. It learns of the exercise from a field of each answer.
7. Metrics, by a family of its own.

Without an exercise the mark is empty, and nothing differs.
"""

from typing import Annotated, Final
from urllib.parse import quote, unquote

import msgspec

WORD: Final = "EXERCISE"
PREFIX: Final = f"{WORD}: "
FIELD: Final = "Venuewatch-Exercise"
"""The field of an HTTP answer; its value is the name of the exercise, percent-encoded."""

NAME_MAX: Final = 80

ExerciseName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(?! )[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]{1,80}"
        r"(?<! )\Z",
        extra={"words": "a name of 1 to 80 characters, none that steers a terminal"},
    ),
]


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An exercise: all that is told is marked with its ``name``, or with the word."""

    name: ExerciseName


def name_of(exercise: Exercise | None) -> str:
    """Return the name of an exercise, "" where there is none."""
    return "" if exercise is None else exercise.name


def marked(text: str, exercise: str) -> str:
    """Return what is told, marked where there is an exercise of this name."""
    return f"{PREFIX}{text}" if exercise and not text.startswith(PREFIX) else text


def field_of(exercise: str) -> dict[str, str]:
    """Return the field of an answer that says that there is an exercise; none without one."""
    return {FIELD: quote(exercise, safe=" ", errors="replace")} if exercise else {}


def name_in(field: str | None) -> str:
    """Return the name of the exercise in the field of an answer, "" where there is none."""
    name = unquote((field or "")[: NAME_MAX * 12]).strip()[:NAME_MAX]
    return "".join(sign if sign.isprintable() else "?" for sign in name)
