"""Service discovery (http_sd) for Prometheus: one target a venue, and one for the aggregator's own.

Each venue is a target of its own, so that no limit and no failed scrape hides another venue. The
label ``venue`` of a target tells them apart in ``up``.
"""

from collections.abc import Collection, Iterable

import msgspec

from aggregator.shell.exposition import COLLECTIONS
from venuewatch.base.refusals import unknown


class TargetGroup(msgspec.Struct, frozen=True):
    """What Prometheus expects, a list of these."""

    targets: tuple[str]
    labels: dict[str, str]


def collection_of(query: Iterable[tuple[str, str]]) -> str:
    """Return the collection that a URL's query asks for; "" is all.

    Raises:
        ValueError: a line for the user that says what was expected.
    """
    wanted = ""
    for name, value in query:
        if name != "collect":
            raise ValueError(unknown("parameter", name, ("collect",)))
        if wanted:
            raise ValueError("expected collect once")
        if value not in COLLECTIONS:
            raise ValueError(unknown("collection", value, COLLECTIONS))
        wanted = value
    return wanted


def targets(venues: Collection[str], scheme: str, host: str, collection: str) -> bytes:
    """Return the targets as JSON, at the ``host`` and port under which Prometheus has asked.

    Raises:
        ValueError: a line for the user that says what was expected.
    """
    if not host.isascii():  # other bytes than UTF-8, perhaps
        raise ValueError("expected a Host header in ASCII")
    where = (host,)
    common = {"__scheme__": scheme, "__metrics_path__": "/metrics"}
    if collection:
        common["__param_collect"] = collection
    groups = [
        TargetGroup(where, {**common, "__param_venue": code, "venue": code})
        for code in sorted(venues)
    ]
    if collection != "vitals":
        own = {**common, "__metrics_path__": "/metrics/self"}
        own.pop("__param_collect", None)
        groups.append(TargetGroup(where, own))
    return msgspec.json.encode(groups)
