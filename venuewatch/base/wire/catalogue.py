"""Catalogues of vitals: the series whose numbers a message of vitals holds, in their order.

The names of a machine's series seldom change and its numbers always do, so the names go once. A
catalogue is known by its key, a hash of its content: an array of numbers is never read against
another catalogue than its own, whichever host, session or spool it comes from.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import islice
from math import isfinite
from typing import Annotated, Any, TypeAlias

import msgspec

from venuewatch.base.wire.readings import MAX_SAMPLES, Label, Readings, families_of

_LABELS = {family.name: len(family.labels) for family in families_of(Readings)}
_LABELS_MAX = max(_LABELS.values())
_KEY_BYTES = 8

Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=rf"^[0-9a-f]{{{2 * _KEY_BYTES}}}\Z")]
FamilyName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Row: TypeAlias = Annotated[list[Label], msgspec.Meta(max_length=_LABELS_MAX)]
_Rows: TypeAlias = Annotated[list[_Row], msgspec.Meta(min_length=1, max_length=MAX_SAMPLES)]
Families: TypeAlias = Annotated[
    list[tuple[FamilyName, _Rows]], msgspec.Meta(max_length=MAX_SAMPLES)
]
"""Names of families, each with the label values of its series; ``[[]]`` without labels."""

VALUES_MAX = 10_000  # so many numbers of 17 digits make a message of less than 262,144 bytes
Values: TypeAlias = Annotated[list[float | None], msgspec.Meta(max_length=VALUES_MAX)]
"""A number for each series of a catalogue, in its order; None where there is none just now."""

encode = msgspec.json.Encoder().encode


class Catalogue(msgspec.Struct, frozen=True):
    """The series of one host's vitals: sent when they change, and in each session."""

    families: Families

    def __post_init__(self) -> None:
        if sum(len(rows) for _, rows in self.families) > VALUES_MAX:
            raise ValueError(f"Expected at most {VALUES_MAX} series")

    @property
    def key(self) -> str:
        """The key by which vitals name it."""
        return key_of(encode(self))


def key_of(payload: bytes) -> str:
    """Return the key of a catalogue as compact JSON: its BLAKE2b hash of 64 bits, as hex digits."""
    return blake2b(payload, digest_size=_KEY_BYTES).hexdigest()


def flattened(readings: Readings) -> tuple[Catalogue, list[float | None]]:
    """Return the series that ``readings`` has, and the number of each.

    A family that would make it more than ``VALUES_MAX`` is left out.
    """
    families: list[tuple[str, list[list[str]]]] = []
    values: list[float | None] = []
    for name in Readings.__struct_fields__:
        value = getattr(readings, name)
        if value is None:
            continue
        rows = value if isinstance(value, list) else [(value,)]
        if len(values) + len(rows) <= VALUES_MAX:
            families.append((name, [[*row[:-1]] for row in rows]))
            values += [row[-1] for row in rows]
    return Catalogue(families), values


def readings_of(
    families: Iterable[tuple[str, Sequence[Sequence[str]]]], values: Iterable[float | None]
) -> Readings:
    """Return numbers with their names; a family that ``Readings`` lacks is left out."""
    numbers = iter(values)
    found: dict[str, Any] = {}
    for name, rows in families:
        read = [
            (*row, number)
            for row, number in zip(rows, islice(numbers, len(rows)), strict=True)
            if len(row) == _LABELS.get(name) and number is not None and isfinite(number)
        ]
        if read:
            found[name] = read if _LABELS[name] else read[0][0]
    return Readings(**found)
