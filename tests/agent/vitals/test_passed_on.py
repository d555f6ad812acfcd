"""Collectors that pass on what psutil says: boot, load, memory, processes, swap."""

from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import boot, load, memory, processes, swap
from venuewatch.base.clock import wall

COMING_AND_GOING = 50


def test_boot_and_time_are_seconds_since_1970() -> None:
    before = wall()

    families = boot.read()

    assert abs(float(str(families["node_boot_time_seconds"])) - psutil.boot_time()) <= 1
    assert before - 0.001 <= float(str(families["node_time_seconds"])) <= wall() + 0.001


def test_the_averages_are_the_systems_to_two_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.11376953125, 12.0, 3.456))

    assert load.read() == {"node_load1": 0.11, "node_load5": 12.0, "node_load15": 3.46}


@pytest.mark.parametrize("kinds", ["total available free buffers cached", "total available free"])
def test_memory_is_what_the_system_knows_of(monkeypatch: pytest.MonkeyPatch, kinds: str) -> None:
    known = {kind: at for at, kind in enumerate(kinds.split())}
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(**known, used=4))

    assert memory.read() == {f"node_memory_{kind}_bytes": at for kind, at in known.items()}


def test_the_count_is_psutils_give_or_take_what_starts_and_ends_meanwhile() -> None:
    before = len(psutil.pids())

    count = cast("int", processes.read()["node_processes_pids"])

    assert abs(count - before) <= COMING_AND_GOING
    assert count >= 1


def test_swap_is_what_psutil_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = psutil.swap_memory()
    monkeypatch.setattr(psutil, "swap_memory", lambda: said)

    assert swap.read() == {
        "node_memory_swap_total_bytes": said.total,
        "node_memory_swap_used_bytes": said.used,
        "node_memory_swap_free_bytes": said.free,
    }
