"""Faults of a message that a peer sent.

A peer's fault is a :class:`MalformedMessageError`; our own misuse stays a ``ValueError``.
"""

import re
from enum import StrEnum

_FIELD = re.compile(r" - at `\$\.(.+)`$|^Object missing required field `([^`]+)`$", re.DOTALL)


class Reason(StrEnum):
    """Why a message was refused: the closed set behind ``rejected_total{reason}``."""

    TOO_LARGE = "too_large"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    TOO_DEEP = "too_deep"
    WRONG_TYPE = "wrong_type"
    BAD_TOPIC = "bad_topic"
    UNKNOWN_STREAM = "unknown_stream"
    UNKNOWN_VENUE = "unknown_venue"
    WRONG_VENUE = "wrong_venue"
    TOO_MANY_UNLISTED = "too_many_unlisted"
    RETAINED = "retained"
    BAD_PACKET = "bad_packet"
    BAD_PACKING = "bad_packing"
    UNKNOWN_CATALOGUE = "unknown_catalogue"
    OVER_BUDGET = "over_budget"
    REVOKED = "revoked"


class WireError(Exception):
    """Base of everything that this package raises about a peer."""


class MalformedMessageError(WireError):
    """A peer sent something that the protocol does not allow.

    Attributes:
        reason: the class of fault, for counting.
        detail: what was expected, for people; never holds the payload itself.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    @property
    def field(self) -> str:
        """The field that does not fit, as in ``role``; empty where it is the whole message."""
        found = _FIELD.search(self.detail)
        return found[1] or found[2] if found is not None else ""

    @property
    def expected(self) -> str:
        """What was expected, without the field."""
        return self.detail.partition(" - at `")[0]
