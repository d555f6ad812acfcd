"""Answers over HTTP: what refuses for ever, and for how long a receiver wants a pause."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_FOR_EVER = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_LONGEST_S = 86_400.0


def is_refusal(status: int) -> bool:
    """Tell whether an answer means that the same will be refused again.

    400, 413 and 422 are about what was sent. Any other, as 401 or 404, is about the receiver or our
    configuration, which an operator mends.
    """
    return status in _FOR_EVER


def is_success(status: int) -> bool:
    """Tell whether an answer means that what was sent was accepted."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def pause_s(status: int, headers: Mapping[str, str], wall: float) -> float | None:
    """Return for how long (s) a receiver wants no request; None if it did not say so.

    ``wall``: the time now, s since 1970. Source: RFC 9110, 10.2.3, and RFC 6585, 4.
    """
    if status not in _BUSY:
        return None
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(_LONGEST_S, float(said[:9]))
    try:
        until = parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0 if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return min(_LONGEST_S, max(0.0, until - wall))
