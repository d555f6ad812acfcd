"""Configuration of a feed: what it must hold, and the line for each mistake."""

import os
from typing import Any

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


def test_windows_is_told_where_zones_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")

    with pytest.raises(ValueError, match="Windows knows none before `pip install tzdata`"):
        clock.zone_of("Nowhere/Town")


def test_a_discipline_keeps_its_limit_when_another_is_set() -> None:
    limits = feed._limits(config(zone="UTC", folder="a", data_limits_s={"ATH": 20.0}))  # noqa: SLF001

    assert limits.data_s == {"BKB": 45.0, "FBL": 450.0, "ATH": 20.0}
    assert limits.data_default_s == 300.0
