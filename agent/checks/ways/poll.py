"""Asks a web server at each reading; the body of its answer is one whole piece.

A server that answers "not modified" lives, and its content is the one of before: so the body of
before is the piece again, and the core sees that it rests.
"""

from typing import Annotated, Final

import msgspec

from agent.checks import about
from agent.checks.net.header_fields import FieldFiles, Fields, read_fields
from agent.checks.net.http_fetch import Page, Request, fetch
from agent.checks.net.tls import CaFile, Trust, Verify
from agent.checks.net.url import parse
from agent.checks.reading.asking import FAILURES, CheckFailedError
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import why
from agent.checks.results_feed.packing import unpacked_whole
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import ConfigError

KEPT_BYTES: Final = 256 * 1024
"""A body of up to this size is kept to be the piece again; larger ones are asked for anew."""

_NOT_MODIFIED: Final = 304
_WELL: Final = range(200, 300)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Asks for one page over http or https at each reading; its address is the first field."""

    url: Annotated[
        str, about("page's address, without a password", "https://example.org/live.json")
    ]
    fields: Fields = msgspec.field(default_factory=dict)
    field_files: FieldFiles = msgspec.field(default_factory=dict)
    max_redirects: Annotated[
        int, about("redirects to follow, never from https to http; 0: none", 0, ge=0, le=20)
    ] = 5
    ca_file: CaFile = None
    verify: Verify = True

    def __post_init__(self) -> None:
        parse(self.url)  # raises ValueError


def open_way(settings: Settings, terms: Terms) -> "Poll":
    """Return the way."""
    return Poll(settings, terms.max_bytes)


class Poll:
    """Asks for one page, and keeps no connection. ``max_bytes``: of its body, unpacked."""

    def __init__(self, settings: Settings, max_bytes: int) -> None:
        self._settings = settings
        self._url = parse(settings.url)
        self._max_bytes = max_bytes
        self._etag = ""
        self._kept = b""

    def hear(self, _now: Now, deadline: Deadline) -> Heard:
        """Ask once, and return the answer."""
        try:
            content = self._content(fetch(self._request(), deadline))
        except ConfigError as error:
            return Heard(trouble=why(error), is_unreadable=True)
        except FAILURES as error:
            return Heard(trouble=why(error))
        if len(content) > self._max_bytes:
            return Heard(oversized=1)
        return Heard((Piece(content, is_whole=True),))

    def say(self, _content: bytes, _source: str = "") -> str:
        """Return that nothing can be sent."""
        return "a page is asked for, and nothing is sent"

    def close(self) -> None:
        """Release nothing: nothing is held."""

    def _request(self) -> Request:
        """Return what to ask for; raises ConfigError where a secret can't be read."""
        settings = self._settings
        fields = read_fields(settings.fields, settings.field_files)
        own = {"Accept-Encoding": "gzip"}
        if self._etag:
            own["If-None-Match"] = self._etag
        given = {name.lower() for name in fields}
        own = {name: value for name, value in own.items() if name.lower() not in given}
        return Request(
            self._url,
            "GET",
            own | fields,
            Trust(settings.ca_file, settings.verify),
            settings.max_redirects,
            self._max_bytes + 1,
        )

    def _content(self, page: Page) -> bytes:
        """Return the content of an answer; raises CheckFailedError where it is none."""
        if page.status == _NOT_MODIFIED and self._etag:
            return self._kept
        self._etag, self._kept = "", b""
        if page.status not in _WELL:
            raise CheckFailedError(f"status {page.status}")
        if not page.is_whole:  # of a gzip, what came of it may be less than is too large
            return page.body
        content = unpacked_whole(page.body, self._max_bytes).content
        if page.etag and len(content) <= KEPT_BYTES:
            self._etag, self._kept = page.etag, content
        return content
