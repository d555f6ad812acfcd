"""What a feed's configuration must say, and what it is told when it does not."""

import os
from typing import Any, get_type_hints

import msgspec
import pytest

from agent.checks import feed, line, push, redundancy
from agent.checks.feed import Config
from agent.checks.results_feed import clock

NO_ZONE = "Expected `zone` to be an IANA name such as Europe/Paris"
DAY_ENDS = r"\\A([01][0-9]|2[0-3]):[0-5][0-9]\\Z"
KINDS = [feed.Config, line.Config, push.Config, redundancy.Config]


def config(**fields: Any) -> Config:
    return msgspec.convert({"kind": "feed", "name": "results", **fields}, Config)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"zone": "UTC"}, "Expected either `folder` or `listen_port`"),
        (
            {"zone": "UTC", "folder": "a", "listen_port": 1},
            "Expected either `folder` or `listen_port`",
        ),
        (
            {"zone": "UTC", "listen_port": 1, "cert_file": "a"},
            "Expected `cert_file` and `key_file` together",
        ),
        (
            {"zone": "UTC", "listen_port": 1, "listen_address": "10.0.0.1"},
            "Expected `api_key_file` to listen beyond this machine",
        ),
        (
            {"zone": "UTC", "listen_port": 1, "listen_address": "localhost"},
            "Expected `listen_address` to be an IP address",
        ),
        (
            {"zone": "Paris", "folder": "a"},
            f"{NO_ZONE} that this machine knows, got 'Paris'",
        ),
        (
            {"zone": "UTC", "folder": "a", "data_limits_s": {"Basketball": 30.0}},
            r"Expected `str` matching regex '\\A[A-Z]{3}\\Z' - at `key` in `$.data_limits_s`",
        ),
        (
            {"zone": "UTC", "folder": "a", "day_ends": "3"},
            rf"Expected `str` matching regex '{DAY_ENDS}' - at `$.day_ends`",
        ),
        ({"folder": "a"}, "Object missing required field `zone`"),
    ],
)
def test_a_configuration_that_cannot_work_is_told_why(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refusal:
        config(**fields)

    assert str(refusal.value) == words


@pytest.mark.parametrize("zone", ["Europe", "../etc/passwd", "", "a\0b", "/etc/localtime"])
def test_what_is_no_zone_is_refused_in_words(zone: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=NO_ZONE):
        config(zone=zone, folder="a")


def test_windows_is_told_where_zones_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")

    with pytest.raises(ValueError, match="Windows knows none before `pip install tzdata`"):
        clock.zone_of("Nowhere/Town")


def test_a_discipline_keeps_its_limit_when_another_is_set() -> None:
    limits = feed._limits(config(zone="UTC", folder="a", data_limits_s={"ATH": 20.0}))  # noqa: SLF001

    assert limits.data_s == {"BKB": 45.0, "FBL": 450.0, "ATH": 20.0}
    assert limits.data_default_s == 300.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described_with_an_example(kind: type[msgspec.Struct]) -> None:
    hints = get_type_hints(kind, include_extras=True)
    common = {"name", "every_s", "timeout_s"}

    for name in set(kind.__struct_fields__) - common:
        meta = hints[name].__metadata__[-1]
        assert meta.description, name
        assert meta.examples, name
