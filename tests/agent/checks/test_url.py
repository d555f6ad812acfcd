"""Addresses that may be asked for, and the places to which a redirect may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
