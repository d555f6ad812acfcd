"""Catalogues that the fleet's agents have said, one object for each content.

Numbers name their catalogue by a hash of the content, so hosts with the same series share one, and
none are ever read against another. Each host keeps its last few alive, and the newest of its
readings. What is replaced all the time is no object of Python's cyclic collector (``gc=False``): a
fleet has very many, and none refers to what refers to it. An array is such an object, bytes are
not: so numbers are kept packed.
"""

from array import array
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import msgspec

from venuewatch.base.wire.catalogue import Catalogue, encode, flattened, key_of
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import CheckReading, Vitals

PER_HOST = 8
"""How many catalogues of one host are known at a time."""

HELD_MAX = 4
"""How many vitals of one host wait for their catalogue; an older one is dropped."""

NAN = float("nan")

_NUMBER_BYTES = 8


class KnownCatalogue:
    """One catalogue: each family's name, and the label values of its series. Never changed.

    A series that it says again is left out. ``size``: how many series it said. ``places`` are those
    of the numbers that are kept, in the order of ``families``; None where these are all, as said.
    ``kept_key``: the key of a catalogue of what is kept.
    """

    __slots__ = ("__weakref__", "families", "kept_key", "key", "places", "size")

    def __init__(self, key: str, catalogue: Catalogue) -> None:
        self.key, self.size = key, 0
        first: dict[str, dict[tuple[str, ...], int]] = {}
        for name, rows in catalogue.families:
            family = first.setdefault(name, {})
            for place, row in enumerate(rows, start=self.size):
                family.setdefault(tuple(row), place)
            self.size += len(rows)
        self.families = tuple((name, tuple(family)) for name, family in first.items())
        places = [place for family in first.values() for place in family.values()]
        is_all = places == list(range(self.size))
        self.places: tuple[int, ...] | None = None if is_all else tuple(places)
        self.kept_key = key if is_all else key_of(encode({"families": self.families}))

    @property
    def is_repeating(self) -> bool:
        """Whether it says a series again."""
        return self.places is not None and len(self.places) < self.size

    def __deepcopy__(self, memo: dict[int, Any]) -> "KnownCatalogue":
        """Return itself."""
        return self


class KnownVitals(msgspec.Struct, frozen=True, gc=False):
    """Vitals of a host: a number for each series, NaN where there is none.

    ``packed``: these numbers, one behind the other, as this machine has them. ``at``: when they
    were taken (monotonic s, by our estimate). ``timestamp_ms``: the time for their samples, in ms
    since 1970. ``earlier``: some readings before it, oldest first, where a scraper asks for them.
    """

    catalogue: KnownCatalogue
    packed: bytes
    at: float
    timestamp_ms: int
    boot: str
    earlier: "tuple[KnownVitals, ...]" = ()

    @property
    def values(self) -> "memoryview[float]":
        """The numbers."""
        return memoryview(self.packed).cast("d")


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

    def read(self, vitals: Vitals) -> tuple[KnownCatalogue, bytes]:
        """Return the catalogue of vitals, and their numbers, packed.

        Raises:
            MalformedMessageError: it is not known, or there are more or fewer numbers than series.
        """
        if vitals.readings is not None:
            catalogue, values = flattened(vitals.readings)
            own = self.learn(catalogue)
            return own, _packed(values, own)
        known = self._known.get(vitals.catalogue or "")
        if known is None:
            raise MalformedMessageError(
                Reason.UNKNOWN_CATALOGUE, "expected the catalogue before the vitals"
            )
        if len(vitals.values) != known.size:
            raise MalformedMessageError(
                Reason.WRONG_TYPE, f"expected {known.size} values, got {len(vitals.values)}"
            )
        return known, _packed(vitals.values, known)


def _packed(values: Sequence[float | None], of: KnownCatalogue) -> bytes:
    """Return the numbers of the series that are kept of a catalogue."""
    if of.places is not None:
        values = [values[place] for place in of.places]
    numbers: array[float]
    try:
        numbers = array("d", values)  # type: ignore[arg-type]
    except TypeError:
        numbers = array("d", [NAN if value is None else value for value in values])
    return numbers.tobytes()


def number_at(place: int) -> Callable[[bytes], tuple[float, ...]]:
    """Return what takes the number at a place out of ``KnownVitals.packed``, alone in a tuple."""
    return Struct(f"{place * _NUMBER_BYTES}xd").unpack_from
