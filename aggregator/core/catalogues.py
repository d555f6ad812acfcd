"""Catalogues that the fleet's agents have said, one object for each content.

An array of numbers names its catalogue by a hash of the content, so hosts with the same series
share one, and no array is ever read against another. Each host keeps its last few alive, and the
newest of its readings. What is replaced all the time is no object of Python's cyclic collector
(``gc=False``): a fleet has very many, and none refers to what refers to it.
"""

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import msgspec

from venuewatch.base.wire.catalogue import Catalogue, flattened
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import CheckReading, Vitals

PER_HOST = 8
"""How many catalogues of one host are known at a time."""

HELD_MAX = 4
"""How many vitals of one host wait for their catalogue; an older one is dropped."""

NAN = float("nan")


class KnownCatalogue:
    """One catalogue: each family's name, and the label values of its series. Never changed."""

    __slots__ = ("__weakref__", "families", "key", "size")

    def __init__(self, key: str, catalogue: Catalogue) -> None:
        self.key = key
        self.families = tuple(
            (name, tuple(tuple(row) for row in rows)) for name, rows in catalogue.families
        )
        self.size = sum(len(rows) for _, rows in self.families)

    def __deepcopy__(self, memo: dict[int, Any]) -> "KnownCatalogue":
        """Return itself."""
        return self


class KnownVitals(msgspec.Struct, frozen=True, gc=False):
    """Vitals of a host: a number for each series, NaN where there is none.

    ``at``: when they were taken (monotonic s, by our estimate). ``timestamp_ms``: the time for
    their samples, in ms since 1970. ``earlier``: some readings before it, oldest first, where a
    scraper asks for them.
    """

    catalogue: KnownCatalogue
    values: "array[float]"
    at: float
    timestamp_ms: int
    boot: str
    earlier: "tuple[KnownVitals, ...]" = ()


class KnownCheck(msgspec.Struct, frozen=True, gc=False):
    """A reading of one check; the times are those of ``KnownVitals``."""

    reading: CheckReading
    at: float
    timestamp_ms: int
    boot: str


class Held(NamedTuple):
    """Vitals that came at ``now`` (monotonic s; ``wall`` since 1970) before their catalogue."""

    vitals: Vitals
    now: float
    wall: float


class Catalogues:
    """The catalogues of all hosts; one that no host keeps is forgotten."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, KnownCatalogue] = WeakValueDictionary()

    def learn(self, catalogue: Catalogue) -> KnownCatalogue:
        """Return the one object for a catalogue."""
        key = catalogue.key
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = KnownCatalogue(key, catalogue)
        return known

    def has(self, key: str) -> bool:
        """Tell whether a catalogue is known."""
        return key in self._known

    def read(self, vitals: Vitals) -> tuple[KnownCatalogue, "array[float]"]:
        """Return the catalogue of vitals, and their numbers.

        Raises:
            MalformedMessageError: it is not known, or there are more or fewer numbers than series.
        """
        if vitals.readings is not None:
            catalogue, values = flattened(vitals.readings)
            return self.learn(catalogue), _array(values)
        known = self._known.get(vitals.catalogue or "")
        if known is None:
            raise MalformedMessageError(
                Reason.UNKNOWN_CATALOGUE, "expected the catalogue before the vitals"
            )
        if len(vitals.values) != known.size:
            raise MalformedMessageError(
                Reason.WRONG_TYPE, f"expected {known.size} values, got {len(vitals.values)}"
            )
        return known, _array(vitals.values)


def _array(values: Sequence[float | None]) -> "array[float]":
    try:
        return array("d", values)  # type: ignore[arg-type]
    except TypeError:
        return array("d", [NAN if value is None else value for value in values])
