"""A web page that answers, in time, and says what it should; servers that are rude or none."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import Reading
from agent.checks.net.url import parse, redirected
from tests.agent.checks import peers
from tests.agent.checks.authority import Authority, tls_peer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/": (200, {}, b"all is ready, version: 42"),
    "/json": (200, {}, b'{"status": {"ok": true, "load": [0.5, 2]}, "name": "STA"}'),
    "/dots": (200, {}, b'{"CarData.z": {"a/b": [1]}}'),
    "/wide": (200, {}, '{"état": "prêt"}'.encode("utf-16")),
    "/latin": (200, {}, '{"état": "prêt"}'.encode("cp1252")),
    "/missing": (404, {}, b"not here"),
    "/broken": (503, {}, b""),
    "/away": (302, {"Location": "/json?a=b c"}, b"moved"),
    "/round": (301, {"Location": "round"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Site"

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        status, fields, body = PAGES[self.path.partition("?")[0]]
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - likewise
        pass


class Site(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__((peers.LOOPBACK, 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def url(self, path: str) -> str:
        return f"http://{peers.LOOPBACK}:{self.server_port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        site.shutdown()
        thread.join(peers.PATIENCE_S)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_real_page_is_ok_and_measured(site: Site) -> None:
    reading = peers.read("http", url=site.url("/"))

    assert (reading.state, reading.values.check_http_status_code) == ("ok", 200)
    assert reading.values.check_body_bytes == 25
    assert reading.values.check_round_trip_avg_seconds is not None
    assert site.asked[0][2]["Accept-Encoding"] == "identity"


def test_head_asks_for_no_body(site: Site) -> None:
    reading = peers.read("http", url=site.url("/"), method="HEAD")

    assert (reading.state, reading.values.check_body_bytes) == ("ok", 0)
    assert site.asked[0][0] == "HEAD"


@pytest.mark.parametrize(
    ("path", "status", "state"),
    [
        ("/missing", [], "critical"),
        ("/missing", [404, 410], "ok"),
        ("/broken", [], "critical"),
        ("/", [204], "critical"),
    ],
)
def test_a_status_counts_as_expected(site: Site, path: str, status: list[int], state: str) -> None:
    reading = peers.read("http", url=site.url(path), status=status)

    assert reading.state == state
    assert f"status {int(reading.values.check_http_status_code or 0)}" in reading.detail


def field(path: str, equals: object) -> dict[str, object]:
    return {"json_path": path, "json_equals": equals}


@pytest.mark.parametrize(
    ("page", "config", "detail"),
    [
        ("/", {"contains": "ready"}, ""),
        ("/", {"contains": "steady"}, "the body lacks 'steady'"),
        ("/", {"regex": "version: [0-9]+$"}, ""),
        ("/", {"regex": "version: [a-z]"}, "nothing in the body matches 'version: [a-z]'"),
        ("/", {"json_path": "status"}, "the body is not JSON"),
        ("/json", {"json_path": "status.ok"}, ""),
        ("/json", field("/status/load/0", 0.5), ""),
        ("/dots", field("/CarData.z/a~1b/0", 1), ""),
        ("/dots", field("/CarData.z/a~1b/0", 2), "/CarData.z/a~1b/0 is 1, not 2"),
        ("/dots", {"json_path": "/CarData"}, "the body has no field /CarData"),
        *((page, field("/état", "prêt"), "") for page in ("/wide", "/latin")),
        *((page, {"contains": "prêt"}, "") for page in ("/wide", "/latin")),
        ("/wide", {"contains": "pret"}, "the body lacks 'pret'"),
        ("/json", field("status.ok", equals=True), ""),
        ("/json", field("status.load.1", 2), ""),
        ("/json", field("status.load.0", 0.5), ""),
        ("/json", field("name", "STA"), ""),
        ("/json", field("status.ok", 1), "status.ok is True, not 1"),
        ("/json", field("status.load.1", "2"), "status.load.1 is 2, not '2'"),
        ("/json", field("status.load.2", 2), "the body has no field status.load.2"),
        ("/json", field("name.ok", equals=True), "the body has no field name.ok"),
    ],
)
def test_a_real_body_must_say_what_is_expected(
    site: Site, page: str, config: dict[str, object], detail: str
) -> None:
    reading = peers.read("http", url=site.url(page), **config)

    assert reading.state == ("critical" if detail else "ok")
    assert detail in reading.detail


@pytest.mark.parametrize(
    ("path", "config", "told", "asked"),
    [
        ("/away", {"contains": "STA"}, "status 200", ["/away", "/json?a=b%20c"]),
        ("/away", {"max_redirects": 0, "status": [302]}, "status 302", ["/away"]),
        ("/round", {"max_redirects": 3}, "more than 3 redirects", ["/round"] * 4),
        ("/file", {}, "the redirect to 'file:///etc/passwd' is not followed", ["/file"]),
    ],
)
def test_redirects_are_followed_on_the_web_and_not_for_ever(
    site: Site, path: str, config: dict[str, object], told: str, asked: list[str]
) -> None:
    reading = peers.read("http", url=site.url(path), **config)

    assert reading.state == ("ok" if told.startswith("status") else "critical")
    assert reading.detail.startswith(told)
    assert [each for _, each, _ in site.asked] == asked


def test_fields_and_secrets_are_sent_but_not_to_where_a_redirect_leads(
    site: Site, tmp_path: Path
) -> None:
    secret = tmp_path / "token"
    secret.write_text("Bearer abc\n")
    config = {"fields": {"Accept": "text/x"}, "field_files": {"Authorization": str(secret)}}
    answer = f"HTTP/1.1 302 Found\r\nLocation: {site.url('/')}\r\n\r\n".encode()

    with peers.tcp_peer(peers.say(answer)) as port:
        peers.read("http", url=f"http://{peers.LOOPBACK}:{port}/", **config)
    peers.read("http", url=site.url("/"), **config)

    elsewhere, direct = (fields for _, _, fields in site.asked)
    assert "Authorization" not in elsewhere
    assert (direct["Authorization"], direct["Accept"]) == ("Bearer abc", "text/x")


def test_a_secret_that_can_not_be_read_or_sent_is_named(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    config = {"url": site.url("/"), "field_files": {"Authorization": str(secret)}}
    missing = peers.read("http", **config)
    secret.write_text("Bär\n")

    strange = peers.read("http", **config)

    assert missing.detail == f"{secret}: No such file or directory"
    assert strange.detail == f"{secret}: Expected printable ASCII"


def test_a_real_page_over_tls_tells_when_the_certificate_expires(authority: Authority) -> None:
    with tls_peer(
        authority.context(days=10), peers.say(OK + b"Content-Length: 2\r\n\r\nhi")
    ) as port:
        url = f"https://localhost:{port}/"
        reading = peers.read("http", url=url, ca_file=authority.file, contains="hi")
        untrusted = peers.read("http", url=url)
        unverified = peers.read("http", url=url, verify=False, warning_days=3.0)

    assert reading[:2] == ("warning", "the certificate expires in 10.0 days")
    assert reading.values.check_certificate_expiry_timestamp_seconds is not None
    assert untrusted.state == "critical"
    assert untrusted.detail.startswith("the certificate is not trusted: ")
    assert untrusted.values.check_certificate_expiry_timestamp_seconds is not None
    assert unverified.state == "ok"


def test_a_redirect_from_https_to_http_is_not_followed(authority: Authority) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\n\r\n"
    with tls_peer(authority.context(), peers.say(answer)) as port:
        reading = peers.read("http", url=f"https://localhost:{port}/", ca_file=authority.file)

    assert reading.state == "critical"
    assert reading.detail.endswith("Expected a redirect to stay with https")


def test_a_slow_page_counts_where_limits_are_set(site: Site) -> None:
    reading = peers.read("http", url=site.url("/"), warning_round_trip_s=1e-6)

    assert reading.state == "warning"
    assert reading.detail.startswith("it took 0.")


def of_peer(script: peers.Script, **config: Any) -> Reading:
    with peers.tcp_peer(script) as port:
        return peers.read("http", url=f"http://{peers.LOOPBACK}:{port}/", **config)


@pytest.mark.parametrize(
    "script",
    [
        peers.say_nothing,
        peers.drip(OK + b"X: " + b"y" * 9000),
        peers.drip(OK + b"\r\n" + b"z" * 9000),
        peers.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    ],
)
def test_a_server_that_never_comes_to_an_end_is_given_up_in_time(script: peers.Script) -> None:
    reading = of_peer(script, timeout_s=0.5)

    assert reading[:2] == ("critical", "no answer in time")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (peers.hang_up, "the connection was closed by the other side"),
        (peers.say(b""), "the server hung up without an answer"),
        (peers.say(b"SSH-2.0-OpenSSH_9.2\r\n"), "this is no HTTP: BadStatusLine("),
        (peers.say(b"\0" * 9999), "this is no HTTP: BadStatusLine("),
        (peers.say(b"HTTP/1.1 abc\r\n\r\n"), "this is no HTTP: "),
        (peers.say(OK + b"Content-Length: 9\r\n\r\nshort"), "the body ends too early"),
        (peers.say(CHUNKED + b"9\r\nshort"), "the body ends too early"),
        (peers.say(CHUNKED + b"xyz\r\n"), "the body ends too early"),
        (peers.say(CHUNKED + b"-5\r\nhello"), "the body is malformed"),
        (peers.pour(b"", b"x" * 9999), "this is no HTTP: "),
        (peers.pour(OK, b"X: y\r\n" * 999), "this is no HTTP: HTTPException("),
        (peers.pour(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 999), "more padding than content"),
        (peers.pour(CHUNKED, b"1;" + b"x" * 999 + b"\r\ny\r\n"), "more padding than content"),
        (peers.pour(CHUNKED + b"-1\r\n", b"y" * 9999), "more padding than content"),
    ],
)
def test_a_server_that_speaks_no_proper_http_is_critical(script: peers.Script, words: str) -> None:
    reading = of_peer(script, max_body_bytes=10_000)

    assert reading.state == "critical"
    assert words in reading.detail


def test_an_endless_body_is_read_up_to_its_limit() -> None:
    script = peers.pour(OK + b"\r\nbegin", b"z" * 65_536)

    reading = of_peer(script, contains="begin")
    lacking = of_peer(script, contains="end", max_body_bytes=1000)
    too_long = of_peer(script, json_path="a", max_body_bytes=1000)

    assert (reading.state, reading.values.check_body_bytes) == ("ok", 1_048_576)
    assert "the body lacks 'end' in its first 1000 bytes" in lacking.detail
    assert "the body is over 1000 bytes, too long to read as JSON" in too_long.detail


@pytest.mark.parametrize("body", [b"[" * 500_000, b'"\xff"', b"", b"{", b"1 2", b"[1e999]"])
def test_hostile_json_is_no_json(body: bytes) -> None:
    reading = of_peer(peers.say(OK + b"\r\n" + body), json_path="a")

    assert reading.state == "critical"
    assert reading.detail.startswith("the body ")


@given(st.text(max_size=60))
def test_a_redirect_leads_to_the_web_or_nowhere(location: str) -> None:
    try:
        found = redirected(parse("https://a.example/b"), location)
    except ValueError:
        return
    assert found.scheme == "https"
    assert found.path.startswith("/")
    assert found.path.isascii()
    assert not any(each.isspace() for each in found.path + found.host)


@pytest.mark.parametrize(
    ("text", "netloc", "path"),
    [
        ("http://a.example", "a.example", "/"),
        ("https://a.example:443/x?y=ä", "a.example", "/x?y=%C3%A4"),
        ("http://[::1]:8039/a b", "[::1]:8039", "/a%20b"),
    ],
)
def test_an_address_is_asked_for_as_the_protocol_wants_it(
    text: str, netloc: str, path: str
) -> None:
    url = parse(text)

    assert (url.netloc, url.path) == (netloc, path)
