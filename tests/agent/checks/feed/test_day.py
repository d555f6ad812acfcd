"""A whole competition day, through the core, through a folder and through the HTTP receiver."""

import http.client
import os
from collections.abc import Callable
from contextlib import closing
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.checks.feed import Check, Config
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.messages import read as read_message
from agent.checks.results_feed.state import Feed
from agent.checks.results_feed.world import Limits
from bench.kit.processes import free_port
from tests.agent.checks.feed.results_day import Clock, ResultsDay, Seen, planned, walk

PATIENCE_S = 10.0


def through_the_core(zone: str, _folder: Path) -> list[Seen]:
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

    with closing(Check(config, lambda _name: None, clock)) as check:
        return walk(ResultsDay(zone), clock, push, check.read)


def through_http(zone: str, _folder: Path) -> list[Seen]:
    clock = Clock(0.0)
    port = free_port()
    config = Config(name="results", listen_port=port, zone=zone)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def push(content: bytes) -> None:
        connection.request("POST", "/", content)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")

    with closing(Check(config, lambda _name: None, clock)) as check, closing(connection):
        return walk(ResultsDay(zone), clock, push, check.read)


@pytest.mark.long
@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Tahiti"])
@pytest.mark.parametrize("through", [through_the_core, through_a_folder, through_http])
def test_each_state_of_the_day_is_seen_within_one_check_interval(
    through: Callable[[str, Path], list[Seen]], zone: str, tmp_path: Path
) -> None:
    seen = through(zone, tmp_path)

    last = seen[-1].reading.values
    assert [it for it in seen if it.reading.state != planned(it.at)] == []
    assert last.results_version_gaps_total == 3
    assert last.results_version_regressions_total == 0
    assert last.results_parse_errors_total == 0
    assert last.results_wrong_flag_total == 0
    assert last.results_wrong_date_total == 0
