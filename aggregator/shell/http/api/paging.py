"""Paging: a page of a list, and the cursor of the next one.

A cursor is the id of the last thing on a page. Ids are stable, so a page is right however long the
client waits, and whatever came meanwhile.
"""

from collections.abc import Iterable
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from venuewatch.base.refusals import RefusedError, convert, unknown

T = TypeVar("T", bound=msgspec.Struct)

Limit: TypeAlias = Annotated[
    int,
    msgspec.Meta(ge=1, le=1000, description="How many there are on a page at most."),
]
Cursor: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=64, description="The `next` of the page before; no other text."
    ),
]


NumberCursor: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern="^[1-9][0-9]{0,14}$",
        extra={"words": "the cursor of a page before", "is_shown": True},
        description="The `next` of the page before; no other text.",
    ),
]


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters."""


NUMBER_MAX = 2**53
"""No incident's number is higher: JSON's readers keep no more digits."""


def query_of(given: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Return a URL's query as a ``kind``.

    Raises:
        ValueError: a line for the user that says what was expected.
    """
    known = kind.__struct_encode_fields__
    asked: dict[str, str] = {}
    for name, value in given:
        if name not in known:
            raise ValueError(unknown("parameter", name, known))
        if name in asked:
            raise ValueError(f"expected {name} once")
        asked[name] = value
    try:
        return convert(asked, kind, at="query", strict=False)
    except RefusedError as error:
        raise ValueError(str(error)) from None


def number_of(text: str) -> int | None:
    """Return the number of an incident that a path or a cursor names; None if it names none."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(NUMBER_MAX)):
        return None
    number = int(text)
    return number if 1 <= number <= NUMBER_MAX else None
