"""Player of the results day: by an order its hosts say what their checks read at that time."""

import asyncio
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from venuewatch.base import clock
from venuewatch.demo.results_day import day
from venuewatch.demo.results_day.guide import stamp_of
from venuewatch.demo.results_day.player import Player
from venuewatch.demo.scenes import World

FROZEN_S = next(event.at_s for event in day.events() if event.moment.state == "frozen")


async def play(folder: Path, *orders: str) -> World:
    world = World()
    with Player(folder, free_port(), world) as player:
        for order in orders:
            await player.obey(order, asyncio.Event())
    return world


async def test_order_lets_each_host_say_what_its_check_read(tmp_path: Path) -> None:
    world = await play(tmp_path, f"day {FROZEN_S - 60.0} 0", f"day {FROZEN_S + 60.0} 0.5")

    said = {host: world.check_of(host) for host in day.HOSTS}
    assert {host: check.state for host, check in said.items() if check is not None} == {
        "BCY-results-01": "frozen",
        "EIF-results-01": "flowing",
        "TAH-results-01": "flowing",
    }
    stamps = [check.detail.split(": ")[0] for check in said.values() if check is not None]
    assert stamps == [stamp_of(host, FROZEN_S + 60.0) for host in said]


async def test_times_are_as_old_now_as_they_were_on_the_day(tmp_path: Path) -> None:
    world = await play(tmp_path, f"day {FROZEN_S + 60.0} 0")

    check = world.check_of("BCY-results-01")

    assert check is not None
    moved_s = check.values.results_last_data_timestamp_seconds
    assert clock.wall() - (moved_s or 0.0) == pytest.approx(130.0, abs=20.0)


@pytest.mark.parametrize("order", ["", "break host_down", "mend host_down", "today 1 2"])
async def test_order_of_others_lets_no_time_pass(order: str, tmp_path: Path) -> None:
    world = await play(tmp_path, order)

    assert [world.check_of(host) for host in day.HOSTS] == [None, None, None]
