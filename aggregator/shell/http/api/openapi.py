"""Description of the API (OpenAPI 3.1), made from the structs that it answers with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias, get_args

import msgspec

from aggregator.shell.http.api import problem
from aggregator.shell.http.api.paging import NoQuery
from venuewatch import __version__

_REF = "#/components/schemas/{name}"
_NULL = {"type": "null"}
_ID = {"type": "string", "minLength": 1, "maxLength": 64}

Schema: TypeAlias = dict[str, Any]

_REFUSALS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "The query is not as it should be.",
    HTTPStatus.UNAUTHORIZED: "A user is needed, with the right password.",
    HTTPStatus.FORBIDDEN: "This server has no users, and reading needs one from other machines.",
    HTTPStatus.NOT_FOUND: "What is named is not there.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many wrong passwords came from this address.",
    HTTPStatus.SERVICE_UNAVAILABLE: "As much is going on as may be; try again.",
}
"""Why any request may be refused."""


class Route(NamedTuple):
    """One path: what it is for, the type of its answer, and the struct of its query.

    The answer of a stream is the union of its events' data.
    """

    path: str
    summary: str
    answer: Any
    query: type[msgspec.Struct] = NoQuery
    is_stream: bool = False

    @property
    def names(self) -> list[str]:
        """What the path names, each between braces."""
        return re.findall(r"{(\w+)}", self.path)


def description(routes: Sequence[Route], base: str) -> Schema:
    """Return the description of ``routes`` under the path ``base``."""
    answers = [kind for route in routes for kind in _kinds(route)]
    queries = [route.query for route in routes]
    schemas, components = msgspec.json.schema_components(
        [*answers, problem.Problem, *queries], ref_template=_REF
    )
    of = dict(zip([*answers, problem.Problem, *queries], schemas, strict=True))
    described = {query: components.pop(query.__name__) for query in set(queries)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "venuewatch",
            "version": __version__,
            "description": "How venues and hosts stand, what has failed, and why. Times are seconds"
            " since 1970. Fields may be added; a client ignores what it does not know.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "paths": {route.path: {"get": _operation(route, of, described)} for route in routes},
        "components": {
            "schemas": components,
            "responses": {
                str(int(status)): {
                    "description": words,
                    "content": {problem.CONTENT_TYPE: {"schema": of[problem.Problem]}},
                }
                for status, words in _REFUSALS.items()
            },
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"basic": []}, {}],
    }


def _kinds(route: Route) -> Iterator[Any]:
    yield from get_args(route.answer) if route.is_stream else (route.answer,)


def _operation(
    route: Route, of: Mapping[Any, Schema], described: Mapping[type[msgspec.Struct], Schema]
) -> Schema:
    if route.is_stream:
        kinds = [of[kind] for kind in _kinds(route)]
        content = {
            "text/event-stream": {
                "schema": {"type": "string", "description": "The data of each event is JSON."},
                "x-events": kinds,
            }
        }
    else:
        content = {"application/json": {"schema": of[route.answer]}}
    refusals = {
        str(int(status)): {"$ref": f"#/components/responses/{int(status)}"} for status in _REFUSALS
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _ID} for name in route.names
    ]
    parameters += _parameters(described[route.query])
    if route.is_stream:
        parameters.append({"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}})
    words = [name for name in re.split(r"\W+", route.path) if name]
    return {
        "operationId": "_".join(words),
        "summary": route.summary,
        "parameters": parameters,
        "responses": {"200": {"description": route.summary, "content": content}, **refusals},
    }


def _parameters(query: Schema) -> list[Schema]:
    """Return a query's struct as parameters: one that may be left out is never null."""
    required = query.get("required", [])
    found = []
    for name, schema in query.get("properties", {}).items():
        plain = {key: value for key, value in schema.items() if key != "default" or value}
        ways = [way for way in plain.pop("anyOf", []) if way != _NULL]
        if ways:
            plain |= ways[0] if len(ways) == 1 else {"anyOf": ways}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": plain}
        text = plain.pop("description", None)
        found.append(parameter | ({"description": text} if text else {}))
    return found
