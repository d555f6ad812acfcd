"""Settings that can't be meant are refused in words; limits that agree split values."""

from typing import Any

import msgspec
import pytest

from agent import checks
from agent.checks import feed
from agent.checks.reading.limits import Limits, Side
from agent.checks.ways import listen, post, udp

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
EXPRESSION = "to be a regular expression: "
NO_EXPRESSION = f"{EXPRESSION}nothing to repeat at position 0"
AT = {"json": "/a"}
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
    ("feed", {"folder": "a", "files": "**/*.xml"}, "at `$.files`"),
    ("feed", LISTENS | {"cert_file": "a"}, "Expected `cert_file` and `key_file` together"),
    ("feed", LISTENS | {"listen_address": "10.0.0.1"}, "or `peers` to listen beyond"),
    ("feed", LISTENS | {"listen_address": "localhost"}, "`listen_address` to be an IP address"),
    ("feed", {"folder": "a", "data_limits_s": {"Basketball": 30.0}}, "`key` in `$.data_limits_s`"),
    ("feed", {"folder": "a", "day_ends": "3"}, "at `$.day_ends`"),
    ("feed", {"folder": "a", "zone": "Paris"}, f"{NO_ZONE}'Paris'"),
    *(("feed", {"folder": "a", "zone": zone}, NO_ZONE) for zone in NO_ZONES),
    ("file", {"pattern": ""}, "Expected `str` of length >= 1 - at `$.pattern`"),
    ("file", {"pattern": "/a/**/b/**/c"}, "Expected `**` at most once in `pattern`"),
    ("file", {"pattern": "/a\0"}, "Expected `pattern` to name files"),
    ("file", {"pattern": "."}, "Expected `pattern` to name files"),
    ("file", {"pattern": "a", "running": AT}, "Expected `number` or `clock` beside `running`"),
    ("file", {"pattern": "a", "number": {}}, "got none - at `$.number`"),
    ("http", {"url": "ftp://a.example/"}, "begins with http:// or https://"),
    ("http", {"url": "http://user:secret@a.example/"}, "without a password"),
    ("http", {"url": "http:///x"}, "host name or IP"),
    ("http", {"url": "http://a.example:99999/"}, "Port out of range"),
    ("http", {"url": "http://a b/"}, "host name or IP"),
    ("http", {"regex": "("}, f"Expected `regex` {EXPRESSION}missing ), unterminated"),
    ("http", {"json_equals": 1}, "Expected `json_path` beside `json_equals`"),
    ("http", {"method": "HEAD", "contains": "x"}, "Expected `method` GET to look into the body"),
    ("http", {"method": "HEAD", "clock": AT}, "Expected `method` GET to look into the body"),
    ("http", {"number": {"json": "n"}}, "begin with /, as /messageId, got 'n' - at `$.number`"),
    ("http", {"number_rests_s": 0}, "Expected `float` > 0.0 - at `$.number_rests_s`"),
    *(("http", {"fields": field}, "matching regex") for field in NO_FIELDS),
    ("line", {"heartbeat": "*"}, f"Expected `heartbeat` {NO_EXPRESSION}"),
    ("line", {"heartbeat": "[a"}, f"Expected `heartbeat` {EXPRESSION}unterminated"),
    ("log", {"pattern": "*"}, f"Expected `pattern` {NO_EXPRESSION}"),
    ("process", {}, "Expected at least one of `program`, `command_line`, `pid_file`"),
    ("process", {"program": "a", "min_count": 2, "max_count": 1}, "at least `min_count`"),
    ("process", {"command_line": "*"}, f"Expected `command_line` {NO_EXPRESSION}"),
    ("process", {"program": ""}, "Expected `str` of length >= 1 - at `$.program`"),
    *(("service", {"service": name}, "at `$.service`") for name in NO_SERVICES),
    ("push", {"listen_address": "0.0.0.0"}, "Expected `listen_address` to be a loopback address"),  # noqa: S104
    ("redundancy", {"members": ["it", "a"]}, "Expected `members` to be other checks than this one"),
    ("redundancy", {"members": ["a", "a"]}, "Expected each of `members` once"),
    ("uplinks", {"members": ["a"]}, "Expected `array` of length >= 2"),
]  # fmt: skip


def made(kind: str, **fields: Any) -> Any:
    entry = {"kind": kind, "name": "it", **LEAST.get(kind, {}), **fields}
    return msgspec.convert(entry, checks.load(kind).Config)


@pytest.mark.parametrize(("kind", "fields", "words"), REFUSED)
def test_settings_that_can_not_be_meant_are_refused(
    kind: str, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        made(kind, **fields)

    assert words in str(refused.value)


UNDER = {"free_bytes", "days"}
"""What is bad when there is little of it."""


def pairs() -> list[tuple[str, str]]:
    """Return the kinds and the names of their limits, found in their fields."""
    return [
        (kind, name.removeprefix("warning_"))
        for kind in checks.kinds()
        for name in checks.load(kind).Config.__struct_fields__
        if name.startswith("warning_")
    ]


@pytest.mark.parametrize("door", [feed.Config, listen.Settings, udp.Settings, post.Settings])
def test_who_may_come_is_called_peers_at_each_door(door: type) -> None:
    given = {each.name for each in msgspec.structs.fields(door)}

    assert {each for each in given if "peer" in each} == {"peers"}


def test_six_kinds_have_limits() -> None:
    assert {kind for kind, _ in pairs()} == {"disk", "gateway", "http", "ntp", "ping", "tls"}


@pytest.mark.parametrize(("kind", "of"), pairs())
def test_warning_limit_beyond_critical_is_refused_in_words(kind: str, of: str) -> None:
    worse, milder = (1, 2) if of in UNDER else (0.9, 0.1)
    order = "below" if of in UNDER else "above"

    made(kind, **{f"warning_{of}": milder, f"critical_{of}": worse})
    with pytest.raises(msgspec.ValidationError) as refused:
        made(kind, **{f"warning_{of}": worse, f"critical_{of}": milder})

    limits = f"a warning limit ({worse}) not {order} the critical one ({milder})"
    assert str(refused.value) == f"Expected {limits}"


@pytest.mark.parametrize(
    ("side", "states"),
    [
        ("over", ["ok", "ok", "warning", "warning", "critical"]),
        ("from", ["ok", "warning", "warning", "critical", "critical"]),
        ("under", ["critical", "warning", "warning", "ok", "ok"]),
    ],
)
def test_limits_split_values_into_states(side: Side, states: list[str]) -> None:
    limits = Limits(3, 1, "under") if side == "under" else Limits(1, 3, side)

    assert [limits.state(value) for value in (0, 1, 2, 3, 4)] == states


def test_one_limit_or_none_is_enough() -> None:
    assert [Limits(1, None).state(9), Limits(None, 1).state(9)] == ["warning", "critical"]
    assert Limits(None, None).state(9) == "ok"
    assert Limits(2, 2).state(9) == "critical"


def test_value_beyond_its_limit_names_the_limit() -> None:
    texts = [Limits(1, 3).judge(value, f"{value} s").text for value in (1, 2, 4)]

    assert texts == ["1 s", "2 s, over 1", "4 s, over 3"]
