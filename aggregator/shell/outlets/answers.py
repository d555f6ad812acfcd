"""Answers over HTTP: whether asking again can help."""

from http import HTTPStatus

_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def is_refusal(status: int) -> bool:
    """Tell whether an answer means that the same will be refused again."""
    is_theirs = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_theirs and status not in _LATER
