"""A stream has one way in, and settings that go together; others are refused in words."""

from typing import Any

import pytest

from agent import modules_in
from agent.checks import ways
from agent.checks.stream import WAYS, Check, Config
from agent.checks.streams.settings import Talk, plan_of
from venuewatch.base.refusals import RefusedError, convert

CONNECT = {"connect": "10.1.0.30:3601"}
WHOLE = 'Expected `ends` to be "", or a list of texts that are not empty'


def made(**said: Any) -> Config:
    return convert({"kind": "stream", "name": "it", **said}, Config)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, '"post", got none'),
        (CONNECT | {"udp": "127.0.0.1:1"}, 'got "connect" and "udp"'),
        ({"connect": "timer"}, "a host and a port, as in 10.1.0.30:3601"),
        ({"connect": {"address": "a:1", "port": 1}}, 'unknown field "port" at connect'),
        ({"connect": {}}, 'missing field "address" at connect'),
        ({"connect": 3601}, "expected text or a table, got a number"),
        ({"listen": "0.0.0.0:5100"}, 'expected "peers" to listen beyond this machine at listen'),
        (CONNECT | {"number": {"json": "/a", "regex": "(a)"}}, 'got "regex" and "json"'),
        (CONNECT | {"number": {"regex": "a"}}, "regex"),
        (CONNECT | {"number_rests_s": 300.0}, 'expected "number" beside "number_rests_s"'),
        (CONNECT | {"clock_rests_s": 3.0}, 'expected "clock" beside "clock_rests_s"'),
        (CONNECT | {"expected_while": "running"}, 'expected "running" beside "expected_while"'),
        (CONNECT | {"send_every_s": 5.0}, 'expected "send" beside "send_every_s"'),
        (CONNECT | {"ends": "", "same_frame_s": 60.0}, 'expected no "same_frame_s" beside'),
        (CONNECT | {"ends": "", "alive": {"regex": "(a)"}}, 'expected no "alive" beside'),
        (CONNECT | {"ends": ["$", ""]}, "a list of texts that are not empty"),
        (CONNECT | {"ends": []}, "ends"),
        (CONNECT | {"ends": "→"}, "characters up to U\\+00FF: each is a byte"),
        (CONNECT | {"send": "→"}, "characters up to U\\+00FF: each is a byte"),
        (CONNECT | {"answers": {"a": "→"}}, "characters up to U\\+00FF: each is a byte"),
        (CONNECT | {"answers": {"(": "x"}}, 'expected "answers" to be a regular expression'),
        (CONNECT | {"encoding": "rot13"}, 'expected "encoding" to be "auto", or one such as'),
        (CONNECT | {"max_frame_bytes": 5_000_000}, "max_frame_bytes"),
        (CONNECT | {"expected": ["8-22"]}, "as \"Mon-Sun 08:00-22:00\", got '8-22'"),
        (CONNECT | {"zone": "Paris"}, 'expected "zone" to be an IANA name'),
        (CONNECT | {"expected": "8-22"}, r'a list, as \["Mon-Sun 08:00-22:00"\], got text'),
        (CONNECT | {"clock": "C(.*)"}, r"a table, as \{ columns = \[2, 8\] \}, got text"),
        (CONNECT | {"answers": ["a"]}, 'a table, as { "@Ping@" = "me@AckPing@\\$" }, got a list'),
        (CONNECT | {"expected_while": True}, 'expected "running", got true'),
        ({"device": {"path": "/a", "speed": 9601}}, "expected 300, .*, 460800 or 921600, got 9601"),
        ({"device": {"path": "/a", "speed": "9600"}}, "expected 300, .* or 921600, got"),
        ({"device": {"path": "/a", "bits": 9}}, "expected 7 or 8, got 9"),
        (CONNECT | {"ends": r"\r\n"}, '"ends" to have the characters themselves, in double quotes'),
        (
            CONNECT | {"ends": [r"\x03"]},
            '"ends" to have the characters themselves, in double quotes',
        ),
        (CONNECT | {"ends": "CRLF"}, "\"ends\" to have the characters themselves.*got 'CRLF'"),
        (CONNECT | {"send": r"GETSTATUS\r\n"}, '"send" to have the characters themselves'),
        (CONNECT | {"answers": {"a": r"b\r"}}, '"answers" to have the characters themselves'),
        (CONNECT | {"silence_limit_s": 0.0}, "silence_limit_s"),
        (CONNECT | {"profile": "no-such"}, "profile"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        made(**said)


def test_a_text_is_the_first_field_of_its_way() -> None:
    text, table = made(**CONNECT), made(connect={"address": "10.1.0.30:3601"})

    assert text.way_settings() == table.way_settings()


def test_a_profile_can_say_all_that_a_check_can_but_its_way() -> None:
    own = {"kind", "name", "every_s", "timeout_s", "profile", *WAYS}

    assert set(Config.__struct_fields__) - own == set(Talk.__struct_fields__)
    assert all(
        Config.__annotations__[name] == Talk.__annotations__[name]
        for name in Talk.__struct_fields__
    )


def test_each_module_of_the_folder_is_a_setting() -> None:
    assert set(modules_in(ways.__path__[0])) == set(WAYS)


def test_what_a_check_says_goes_before_its_profile() -> None:
    profile = Talk(silence_limit_s=5.0, ends="$", encoding="utf-16le", expected=("08:00-22:00",))

    plan = plan_of(Talk(silence_limit_s=60.0, ends=("\r",)), profile)

    assert plan.silence_limit_s == 60.0
    assert plan.ends == ("\r",)
    assert plan.encoding == "utf-16-le"
    assert plan.expected == ("08:00-22:00",)
    assert plan.latency_limit_s == 90.0


def test_a_machine_without_time_zones_knows_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.checks.results_feed.clock.ZoneInfo", lambda _name: 1 / 0)

    Check(made(**CONNECT, zone="UTC"), lambda _name: None).close()


def test_a_check_is_made_by_what_it_says_alone() -> None:
    Check(made(**CONNECT), lambda _name: None).close()
