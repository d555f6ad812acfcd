"""What may be asked for, and where a redirect may lead."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import http as check_http
from agent.checks.net.url import parse, redirected


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


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"url": "ftp://a.example/"}, "begins with http:// or https://"),
        ({"url": "http://user:secret@a.example/"}, "without a password"),
        ({"url": "http:///x"}, "host name or IP"),
        ({"url": "http://a.example:99999/"}, "Port out of range"),
        ({"url": "http://a b/"}, "host name or IP"),
        ({"regex": "("}, "Expected `regex` to be a pattern"),
        ({"json_equals": 1}, "Expected `json_path` beside `json_equals`"),
        ({"method": "HEAD", "contains": "x"}, "Expected `method` GET to look into the body"),
        ({"fields": {"X": "a\r\nY: b"}}, "matching regex"),
        ({"fields": {"X\n": "a"}}, "matching regex"),
        ({"fields": {"X": "a\n"}}, "matching regex"),
    ],
)
def test_what_can_not_be_asked_for_is_refused(config: dict[str, Any], why: str) -> None:
    entry = {"kind": "http", "name": "it", "url": "http://a.example/"} | config

    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(entry, check_http.Config)
