"""Scrapes: what a request for metrics wants, and in which coding it is sent."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from aggregator.shell.exposition import COLLECTIONS
from venuewatch.base.refusals import unknown

_GZIP_LEVEL = 1
_GZIP_FORMAT = 31  # zlib's way to say: with a gzip header
READINGS_MAX = 4
"""How many of a host's latest vitals a page may show: enough for a scrape each 30 s."""

_PARAMETERS: Mapping[str, tuple[str, Collection[str]]] = {
    "collect": ("collection", COLLECTIONS),
    "readings": ("number of readings", [str(count + 1) for count in range(READINGS_MAX)]),
    "timestamps": ("timestamps", ("0", "1")),
    "venue": ("venue", ()),
}
"""What a query may say: each parameter in words, and its values; of venues those that there are."""


class UnknownVenueError(ValueError):
    """A venue is asked for that the inventory does not have; its text is the line for the user."""


class Wanted(NamedTuple):
    """What of the metrics is wanted. Without ``venues`` all, and then the aggregator's own, too.

    ``timestamps``: measured samples with the time of their reading; of vitals so many ``readings``.
    """

    venues: tuple[str, ...] = ()
    collections: tuple[str, ...] = COLLECTIONS
    timestamps: bool = False
    readings: int = 1

    @property
    def has_own(self) -> bool:
        """Whether the aggregator's own metrics are wanted."""
        return not self.venues and "liveness" in self.collections


def wanted_of(
    query: Iterable[tuple[str, str]], venues: Collection[str], *, timestamps: bool = False
) -> Wanted:
    """Return what a URL's query wants, of ``venues`` that there are.

    ``timestamps``: whether they are wanted where the query does not say.

    Raises:
        UnknownVenueError: there is no such venue.
        ValueError: a line for the user that says what was expected.
    """
    said: dict[str, list[str]] = {name: [] for name in _PARAMETERS}
    for name, value in query:
        if name not in _PARAMETERS:
            raise ValueError(unknown("parameter", name, _PARAMETERS))
        what, known = _PARAMETERS[name]
        if name == "venue" and value not in venues:
            raise UnknownVenueError(unknown(what, value, venues))
        if name != "venue" and value not in known:
            raise ValueError(unknown(what, value, known))
        said[name].append(value)
    if said["timestamps"]:
        timestamps = said["timestamps"][-1] == "1"
    readings = int(said["readings"][-1]) if said["readings"] else 1
    if readings > 1 and not timestamps:
        raise ValueError("expected timestamps=1 beside readings: only times tell readings apart")
    codes, parts = sorted(set(said["venue"])), sorted(set(said["collect"]))
    return Wanted(tuple(codes), tuple(parts) or COLLECTIONS, timestamps, readings)


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a client takes gzip, and likes it no less than plain (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        if coding:
            weights[coding] = _weight_of(parameters)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0.0 and gzip >= weights.get("identity", 0.0)


def _weight_of(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0


def joined(pieces: Iterable[bytes]) -> bytearray:
    """Return a body whose pieces are never in memory beside it, and never copied all at once."""
    body = bytearray()
    for piece in pieces:
        body += piece
    return body


def gzipped(pieces: Iterable[bytes]) -> bytearray:
    """Return a body compressed, fast rather than small."""
    compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
    body = joined(map(compressor.compress, pieces))
    body += compressor.flush()
    return body
