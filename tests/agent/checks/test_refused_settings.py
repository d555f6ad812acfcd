"""Settings that can't be meant are refused, with the words for it."""

from typing import Any

import msgspec
import pytest

from agent import checks

LEAST: dict[str, dict[str, Any]] = {
    "disk": {"path": "/"},
    "dns": {"query": "results.example"},
    "exec": {"command": ["a"]},
    "feed": {"zone": "UTC"},
    "http": {"url": "http://a.example/"},
    "line": {"address": "a", "port": 1},
    "log": {"path": "/a", "pattern": "a"},
    "ntp": {"address": "a"},
    "ping": {"address": "a"},
    "tls": {"address": "a"},
}
LISTENS = {"zone": "UTC", "listen_port": 1}
NO_ZONE = "Expected `zone` to be an IANA name such as Europe/Paris that this machine knows, got "
NO_ZONES = ("Europe", "../etc/passwd", "", "a\0b", "/etc/localtime")
NO_FIELDS = ({"X": "a\r\nY: b"}, {"X\n": "a"}, {"X": "a\n"})
NO_SERVICES = ("", "ssh*", "../x", "a\nb", "a\0")
NO_LABEL = "Expected labels of 1 to 63 characters"
NO_EXPRESSION = "nothing to repeat at position 0"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("disk", {"warning_used_ratio": 90}, "Expected `float` <= 1.0 - at `$.warning_used_ratio`"),
    *(("dns", {"query": name}, NO_LABEL) for name in ("", "a..b", "x" * 64)),
    ("dns", {"query": "a." * 127 + "bc"}, "Expected a name of at most 253 characters"),
    ("dns", {"query": "münchen.example"}, "Expected a name in ASCII, with other letters as xn--…"),
    ("dns", {"expect": ["192.0.2.300"]}, "'192.0.2.300' does not appear to be an IPv4 or IPv6"),
    ("exec", {"command": []}, "Expected `array` of length >= 1 - at `$.command`"),
    ("exec", {"command": [""]}, "Expected `command` to begin with a program"),
    ("exec", {"command": "a b"}, "Expected `array`, got `str` - at `$.command`"),
    ("exec", {"environment": {"A=B": ""}}, "Expected names of environment variables, got 'A=B'"),
    ("feed", {}, "Expected either `folder` or `listen_port`"),
    ("feed", {"folder": "a", "listen_port": 1}, "Expected either `folder` or `listen_port`"),
    ("feed", LISTENS | {"cert_file": "a"}, "Expected `cert_file` and `key_file` together"),
    ("feed", LISTENS | {"listen_address": "10.0.0.1"}, "Expected `api_key_file` to listen beyond"),
    ("feed", LISTENS | {"listen_address": "localhost"}, "`listen_address` to be an IP address"),
    ("feed", {"folder": "a", "data_limits_s": {"Basketball": 30.0}}, "`key` in `$.data_limits_s`"),
    ("feed", {"folder": "a", "day_ends": "3"}, "at `$.day_ends`"),
    ("feed", {"folder": "a", "zone": "Paris"}, f"{NO_ZONE}'Paris'"),
    *(("feed", {"folder": "a", "zone": zone}, NO_ZONE) for zone in NO_ZONES),
    ("file", {"pattern": ""}, "Expected `str` of length >= 1 - at `$.pattern`"),
    ("file", {"pattern": "/a/**/b/**/c"}, "Expected `**` at most once in `pattern`"),
    ("file", {"pattern": "/a\0"}, "Expected `pattern` to name files"),
    ("file", {"pattern": "."}, "Expected `pattern` to name files"),
    ("http", {"url": "ftp://a.example/"}, "begins with http:// or https://"),
    ("http", {"url": "http://user:secret@a.example/"}, "without a password"),
    ("http", {"url": "http:///x"}, "host name or IP"),
    ("http", {"url": "http://a.example:99999/"}, "Port out of range"),
    ("http", {"url": "http://a b/"}, "host name or IP"),
    ("http", {"regex": "("}, "Expected `regex` to be a pattern"),
    ("http", {"json_equals": 1}, "Expected `json_path` beside `json_equals`"),
    ("http", {"method": "HEAD", "contains": "x"}, "Expected `method` GET to look into the body"),
    *(("http", {"fields": field}, "matching regex") for field in NO_FIELDS),
    ("line", {"heartbeat": "*"}, f"`heartbeat` to be a regular expression: {NO_EXPRESSION}"),
    ("line", {"heartbeat": "[a"}, "Expected `heartbeat` to be a regular expression"),
    ("log", {"pattern": "*"}, f"Expected a regular expression as `pattern`: {NO_EXPRESSION}"),
    ("process", {}, "Expected at least one of `program`, `command_line`, `pid_file`"),
    ("process", {"program": "a", "min_count": 2, "max_count": 1}, "at least `min_count`"),
    ("process", {"command_line": "*"}, f"Expected a pattern as `command_line`: {NO_EXPRESSION}"),
    ("process", {"program": ""}, "Expected `str` of length >= 1 - at `$.program`"),
    *(("service", {"service": name}, "at `$.service`") for name in NO_SERVICES),
    ("push", {"listen_address": "0.0.0.0"}, "Expected `listen_address` to be a loopback address"),  # noqa: S104
    ("redundancy", {"members": ["it", "a"]}, "Expected `members` to be other checks than this one"),
    ("redundancy", {"members": ["a", "a"]}, "Expected each of `members` once"),
    ("uplinks", {"members": ["a"]}, "Expected `array` of length >= 2"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "words"), REFUSED)
def test_settings_that_can_not_be_meant_are_refused(
    kind: str, fields: dict[str, Any], words: str
) -> None:
    entry = {"kind": kind, "name": "it", **LEAST.get(kind, {}), **fields}

    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(entry, checks.load(kind).Config)

    assert words in str(refused.value)
