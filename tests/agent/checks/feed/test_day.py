"""A whole competition day, through the core, through a folder and through the HTTP receiver."""

import http.client
import os
from contextlib import closing
from datetime import time
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.checks.feed import Check, Config
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.messages import read as read_message
from agent.checks.results_feed.state import Feed
from agent.checks.results_feed.world import Limits
from bench.kit.processes import free_port
from tests.agent.checks.feed.results_day import Clock, ResultsDay, Seen, is_in_window, planned, walk

PATIENCE_S = 10.0
ZONES = ["Europe/Paris", "Pacific/Tahiti"]


def nobody(_name: str) -> None:
    """No other check is asked."""


def through_the_core(zone: str) -> list[Seen]:
    clock = Clock(0.0)
    calendar = Calendar(ZoneInfo(zone), time(3))
    feed = Feed(Limits(data_s={"BKB": 45.0}), calendar)

    def push(content: bytes) -> None:
        feed.hear(read_message(content, 65_536), clock())

    return walk(ResultsDay(zone), clock, push, lambda: feed.judge(clock()))


def through_a_folder(zone: str, folder: Path) -> list[Seen]:
    clock = Clock(0.0)
    config = Config(name="results", folder=str(folder), zone=zone)
    names = iter(range(100_000))

    def push(content: bytes) -> None:
        path = folder / f"{next(names):05}.XML"
        path.write_bytes(content)
        os.utime(path, (clock.wall_s, clock.wall_s))

    with closing(Check(config, nobody, clock)) as check:
        return walk(ResultsDay(zone), clock, push, check.read)


def through_http(zone: str) -> list[Seen]:
    clock = Clock(0.0)
    port = free_port()
    config = Config(name="results", listen_port=port, zone=zone)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def push(content: bytes) -> None:
        connection.request("POST", "/", content)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")

    with closing(Check(config, nobody, clock)) as check, closing(connection):
        return walk(ResultsDay(zone), clock, push, check.read)


@pytest.fixture(params=["core", "folder", "http"])
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=ZONES)
def seen(request: pytest.FixtureRequest, way: str, tmp_path: Path) -> list[Seen]:
    if way == "folder":
        return through_a_folder(request.param, tmp_path)
    return through_http(request.param) if way == "http" else through_the_core(request.param)


def test_each_state_of_the_day_is_seen_within_one_check_interval(seen: list[Seen]) -> None:
    wrong = [
        (f"{at:%H:%M:%S}", planned(at), reading.state, reading.detail)
        for at, reading in seen
        if reading.state != planned(at)
    ]

    assert wrong == []
    assert silent_outside(seen) == []
    assert_counted(seen)


def silent_outside(seen: list[Seen]) -> list[Seen]:
    return [it for it in seen if it.reading.state == "silent" and not is_in_window(it.at)]


def assert_counted(seen: list[Seen]) -> None:
    last = seen[-1].reading.values
    assert last.results_version_gaps_total == 3
    assert last.results_version_regressions_total == 0
    assert last.results_parse_errors_total == 0
    assert last.results_wrong_flag_total == 0
    assert last.results_wrong_date_total == 0
    for (_, before), (_, after) in pairwise(seen):
        assert (before.values.results_messages_total or 0) <= (
            after.values.results_messages_total or 0
        )
