"""Problems: why a request is refused, as JSON for programs (RFC 9457) or as a line for people."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

CONTENT_TYPE = "application/problem+json"
_API = "/api/"


class Problem(msgspec.Struct, frozen=True):
    """Why a request of the API is refused; ``detail`` is one line that says what was expected."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"


class NotFoundError(Exception):
    """What a path or a query names is not there; its text is the line for the user."""


def refused(request: web.Request, error: ValueError | NotFoundError) -> web.Response:
    """Return the answer to a request that is wrong, or names what is not there."""
    is_missing = isinstance(error, NotFoundError)
    return refusal(request, HTTPStatus.NOT_FOUND if is_missing else HTTPStatus.BAD_REQUEST, error)


def refusal(
    request: web.Request, status: int, words: object, headers: Mapping[str, str] = {}
) -> web.Response:
    """Return the answer that refuses a request in one line, in the form of its path."""
    if not request.path.startswith(_API):
        return web.Response(status=status, text=f"{words}\n", headers=headers)
    problem = Problem(HTTPStatus(status).phrase, int(status), str(words))
    return web.Response(
        status=status,
        body=msgspec.json.encode(problem),
        content_type=CONTENT_TYPE,
        headers=headers,
    )
