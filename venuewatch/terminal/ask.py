"""Asks an aggregator over HTTP: directly, and not through a proxy."""

import argparse
import base64
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar

import msgspec

from venuewatch.base.config import in_words, one_line, read_secret, trusting
from venuewatch.base.exercise import FIELD, name_in

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8039"
_TIMEOUT_S = 10.0
_MAX_BYTES = 64 * 2**20
_NO_ANSWER = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NOTHING_THERE = (
    "Start it (`venuewatch demo`, or `venuewatch aggregator --config FILE`), or give its address "
    "with --url"
)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows to no other address, which would get the password, too."""

    def redirect_request(self, *_: object) -> None:
        return None


class AskError(Exception):
    """The aggregator could not be asked; its text is the line for the user."""


class _Problem(msgspec.Struct):
    """Why the aggregator refuses a question."""

    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that tell whom to ask."""
    parser.add_argument("--url", default=DEFAULT_URL, help=f"the aggregator's; {DEFAULT_URL}")
    parser.add_argument("--user", help="the user, where the aggregator wants one")
    parser.add_argument("--password-file", help="file whose first line is the user's password")
    parser.add_argument("--ca-file", help="PEM file of the authorities to trust over https")
    parser.add_argument("--json", action="store_true", help="as the aggregator says it")


class Aggregator:
    """An aggregator that answers questions, by the options of a command.

    Attributes:
        exercise: the name of the exercise that its last answer is part of, "" where it is real.

    Raises:
        AskError: a user without a password, or the reverse.
        ConfigError: the password cannot be read.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        if (options.user is None) != (options.password_file is None):
            raise AskError("expected --user and --password-file together")
        self._url = options.url.rstrip("/")
        self._ca_file = options.ca_file
        self._headers: dict[str, str] = {}
        self.exercise = ""
        if options.user is not None:
            given = f"{options.user}:{read_secret(options.password_file)}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(given).decode()}"

    def ask(self, *path: str, query: Mapping[str, str] = {}) -> bytes:
        """Return what ``/api/v1/`` and ``path`` answers.

        Raises:
            AskError: nothing can be had.
            ConfigError: the file of authorities cannot be used.
        """
        parts = "/".join(urllib.parse.quote(part, safe="") for part in path)
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        answer = answer_of(f"{self._url}/api/v1/{parts}{asked}", self._headers, self._ca_file)
        self.exercise = answer.exercise
        return answer.body

    def read(self, answer: bytes, kind: type[T]) -> T:
        """Return an answer as a ``kind``.

        Raises:
            AskError: it is something else.
        """
        try:
            answer.decode()  # also of fields that are not read: --json prints them
            return msgspec.json.decode(answer, type=kind)
        except _NO_ANSWER:
            why = "expected the answer of an aggregator of this version, got something else"
            raise AskError(f"{one_line(self._url)}: {why}") from None


class Answer(NamedTuple):
    """What was answered, and the name of the exercise that it is part of, "" where it is real."""

    body: bytes
    exercise: str


def ask(url: str, headers: Mapping[str, str] = {}, ca_file: str | None = None) -> bytes:
    """Return what is at ``url``, as :func:`answer_of` does, without more."""
    return answer_of(url, headers, ca_file).body


def answer_of(url: str, headers: Mapping[str, str] = {}, ca_file: str | None = None) -> Answer:
    """Return the answer of ``url``.

    Raises:
        AskError: nothing can be had.
        ConfigError: the file of authorities cannot be used.
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        raise AskError(f"{one_line(url)}: {in_words(error)}") from None
    if parts.scheme not in {"http", "https"}:
        raise AskError(f"{one_line(url)}: expected an address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise AskError("expected an address without a user: give --user and --password-file")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=trusting(ca_file)),
        _NoRedirect(),
    )
    try:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - checked above
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read(_MAX_BYTES)
            exercise = name_in(answer.headers.get(FIELD))
    except urllib.error.HTTPError as error:
        with error:
            raise AskError(_refusal(url, error)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = in_words(reason, at=parts.netloc, who="aggregator")
        hint = f" {_NOTHING_THERE}" if isinstance(reason, ConnectionRefusedError) else ""
        raise AskError(f"{one_line(url)}: {why}{hint}") from None
    return Answer(body, exercise)


def _refusal(url: str, error: urllib.error.HTTPError) -> str:
    """Return why the aggregator refused, in its own words where it gave some."""
    if error.code == HTTPStatus.UNAUTHORIZED:
        return f"{one_line(url)}: it answers 401, it wants another --user and --password-file"
    try:
        said = words_of(error.read(_MAX_BYTES))
    except (OSError, http.client.HTTPException):
        said = None
    return f"{one_line(url)}: it answers {error.code}" if said is None else said


def words_of(refusal: bytes) -> str | None:
    """Return an aggregator's own words in its refusal of a question; None if it has none."""
    try:
        return one_line(msgspec.json.decode(refusal, type=_Problem).detail)
    except _NO_ANSWER:
        return None
