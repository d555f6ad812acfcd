"""Asks for a web page, and judges its status, its time, its content, and whether that advances."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import msgspec

from agent.checks import Latest, Reading, about
from agent.checks.extractors import Body, NoValueError
from agent.checks.extractors.json import json_field, refuse_bad_pointer
from agent.checks.net import tls
from agent.checks.net.header_fields import FieldFiles, Fields, read_fields
from agent.checks.net.http_fetch import Page, Request, fetch
from agent.checks.net.url import parse
from agent.checks.patterns.matcher import MATCHER, UnmatchedError, refuse_bad_pattern
from agent.checks.reading import times
from agent.checks.reading.asking import AskingCheck
from agent.checks.reading.limits import Finding, together
from agent.checks.reading.progress import AdvancingConfig, Progress
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckValues

_WELL = range(200, 400)

Status = Annotated[int, msgspec.Meta(ge=100, le=599)]
Plain: TypeAlias = bool | int | float | str
Text = Annotated[str, msgspec.Meta(max_length=1024)]
RoundTripS = Annotated[float, msgspec.Meta(gt=0.0, le=600.0)] | None


class Config(AdvancingConfig, frozen=True, tag="http"):
    """Asks for one page over http or https.

    The state is `unknown` when it takes over 2 s to match a pattern.

    With `[check.number]` or `[check.clock]` the content must advance: where one rests for too long,
    the state is `critical`. One that goes back has advanced as well.
    """

    url: Annotated[str, about("page's address, without a password", "https://example.org/health")]
    method: Annotated[Literal["GET", "HEAD"], about("HEAD asks for no body", "HEAD")] = "GET"
    status: Annotated[
        tuple[Status, ...],
        about("which status is well; empty for 200 to 399", [204], max_length=64),
    ] = ()
    contains: Annotated[Text, about("text in the body", "ready")] = ""
    regex: Annotated[
        Text, about("Python pattern somewhere in the body, as bytes", "up [0-9]+ s")
    ] = ""
    json_path: Annotated[
        str,
        about(
            "field of a JSON body: a JSON pointer, as `/cars/0/CarData.z`, or names with dots",
            "status.ok",
            max_length=256,
        ),
    ] = ""
    json_equals: Annotated[
        Plain | None, about("what the field must be; unset for anything", True)
    ] = None
    fields: Fields = msgspec.field(default_factory=dict)
    field_files: FieldFiles = msgspec.field(default_factory=dict)
    max_redirects: Annotated[
        int, about("redirects to follow, never from https to http; 0: none", 0, ge=0, le=20)
    ] = 5
    max_body_bytes: Annotated[
        int, about("how much of the body is read, in bytes", 65_536, ge=1, le=4_194_304)
    ] = 1_048_576
    ca_file: tls.CaFile = None
    verify: tls.Verify = True
    warning_days: Annotated[tls.Days, about("the certificate is valid for fewer days", 30.0)] = 14.0
    critical_days: Annotated[tls.Days, about("the certificate is valid for fewer days", 7.0)] = 3.0
    warning_round_trip_s: Annotated[RoundTripS, about("the page takes longer, in s", 1.0)] = None
    critical_round_trip_s: Annotated[RoundTripS, about("the page takes longer, in s", 3.0)] = None

    def __post_init__(self) -> None:
        parse(self.url)  # raises ValueError
        refuse_bad_pattern(self.regex.encode(), "regex")
        refuse_bad_pointer(self.json_path, "json_path")
        if self.json_equals is not None and not self.json_path:
            raise ValueError("Expected `json_path` beside `json_equals`")
        is_read = self.contains or self.regex or self.json_path or self.must_advance
        if self.method == "HEAD" and is_read:
            raise ValueError("Expected `method` GET to look into the body")
        super().__post_init__()


class Check(AskingCheck[Config]):
    """The expected page is ``ok``; another, none, or one that rests, is ``critical``."""

    def __init__(self, config: Config, latest: Latest, now: Callable[[], Now] = times.now) -> None:
        super().__init__(config, latest)
        self._now = now
        self._progress = Progress(config)

    def _ask(self, deadline: Deadline) -> Reading:
        begin = clock.monotonic()
        page = fetch(self._request(), deadline)
        return self._judge(page, clock.monotonic() - begin, deadline)

    def _request(self) -> Request:
        """Return what to ask for; raises ConfigError where a secret can't be read."""
        config = self._config
        return Request(
            parse(config.url),
            config.method,
            read_fields(config.fields, config.field_files),
            tls.Trust(config.ca_file, config.verify),
            config.max_redirects,
            config.max_body_bytes,
        )

    def _judge(self, page: Page, elapsed_s: float, deadline: Deadline) -> Reading:
        config, body = self._config, Body(page.body, is_whole=page.is_whole)
        is_well = page.status in (config.status or _WELL)
        findings = [
            Finding("ok" if is_well else "critical", f"status {page.status}"),
            config.limits("round_trip_s").judge(elapsed_s, f"it took {elapsed_s:.3f} s"),
            _judge_body(body, config, deadline),
        ]
        progress = self._progress.judge(body, self._now(), deadline)
        findings += progress.findings
        if page.expires_at is not None:
            days = config.limits("days")
            findings.append(tls.judge_expiry(page.expires_at, clock.wall(), days))
        values = CheckValues(
            check_round_trip_avg_seconds=elapsed_s,
            check_http_status_code=float(page.status),
            check_body_bytes=float(len(page.body)),
            check_content_number=progress.number,
            check_content_rest_seconds=progress.rest_s,
            check_certificate_expiry_timestamp_seconds=page.expires_at,
        )
        return together(findings, values)


def _judge_body(body: Body, config: Config, deadline: Deadline) -> Finding:
    """Return ``ok``, ``critical`` with what is missing, or ``unknown`` if no time was enough."""
    contains, regex = config.contains, config.regex
    cut = "" if body.is_whole else f" in its first {len(body.content)} bytes"
    if contains and not _has(body, contains):
        return Finding("critical", f"the body lacks {short(contains, 80)!r}{cut}")
    try:
        if regex and not MATCHER.is_in(regex, body.content, deadline):
            return Finding("critical", f"nothing in the body matches {short(regex, 80)!r}{cut}")
    except UnmatchedError as error:
        return Finding("unknown", str(error))
    if not config.json_path:
        return Finding("ok")
    return _judge_json(body, config.json_path, config.json_equals)


def _has(body: Body, text: str) -> bool:
    """Return whether a text is in the body, whose encoding may be another than UTF-8."""
    if text.encode() in body.content:
        return True
    try:
        return text in body.text
    except NoValueError:
        return False


def _judge_json(body: Body, path: str, expected: Plain | None) -> Finding:
    try:
        found = json_field(body, path)
    except NoValueError as error:
        return Finding("critical", f"the body {error}")
    # True is not 1, but 1.0 is.
    is_same = isinstance(found, bool) == isinstance(expected, bool) and found == expected
    if expected is None or is_same:
        return Finding("ok")
    return Finding("critical", f"{short(path, 80)} is {short(repr(found), 80)}, not {expected!r}")
