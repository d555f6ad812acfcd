"""Makes the subject of an incident of what a target is, for a scope and a cause."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from aggregator.core.incidents.alerts import ROWS, kind_of
from aggregator.core.incidents.record import Scope, Subject
from aggregator.core.incidents.troubles import PARTS
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.kinds.model import TargetScope

Aim: TypeAlias = TargetScope | Literal["centre"]

ANY: Final = "*"
CAUSES: Final = frozenset(cause.value for cause in Cause)

_OF_HOST: Final[frozenset[Scope]] = frozenset(
    {"host", "link", "identity", "clock", "budget", "terms"}
)
_OF_VENUE: Final[frozenset[Scope]] = frozenset({"venue", "bridge", "link", "check"})
_OF_FEED: Final[frozenset[Scope]] = frozenset({"feed", "source"})
_OF_CHECK: Final[frozenset[Scope]] = frozenset({"check"})

EXPECTED_SCOPES: Final[Mapping[Aim, frozenset[Scope]]] = {
    "host": _OF_HOST | {"venue"},
    "venue": _OF_VENUE,
    "feed": _OF_FEED,
    "check": _OF_CHECK,
    "centre": frozenset({"centre"}),
}
"""The scopes of incidents that a target can have by itself."""

ALLOWED_SCOPES: Final[Mapping[Aim, frozenset[Scope]]] = {
    **EXPECTED_SCOPES,
    "host": _OF_HOST | _OF_VENUE | _OF_FEED,
    "venue": _OF_HOST | _OF_VENUE | _OF_FEED,
    "feed": _OF_FEED | _OF_CHECK,
    "check": _OF_CHECK | _OF_FEED,
}
"""And those that may be told beside: of any host or check, where the target does not say which."""


def subject_about(scope: Scope, cause: str, venue: str, host: str, check: str) -> Subject:
    """Return the subject of an incident; empty is what it does not have in this scope."""
    if scope == "centre":
        return Subject("centre", check=PARTS.get(Cause(cause), "") if cause in CAUSES else "")
    if scope in {"venue", "bridge"}:
        return Subject(scope, venue)
    if scope in {"feed", "source", "check"}:
        return Subject(scope, venue, host, check)
    return Subject(scope, venue, host)


def causes_of(scope: Scope, aim: Aim) -> frozenset[str]:
    """Return the causes that can be told in a scope of a target of this sort."""
    host = "" if aim in {"venue", "centre"} else "H"
    if aim == "host" and scope in {"venue", "bridge"}:
        host = ""
    return frozenset(
        cause.value
        for kind, cause in ROWS
        if kind == kind_of(subject_about(scope, cause, "V", host, "C"))
    )


def is_told(scope: Scope, cause: str, aim: Aim) -> bool:
    """Tell whether any verdict gives this cause in this scope."""
    return cause in causes_of(scope, aim)
