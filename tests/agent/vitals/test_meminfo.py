"""Memory: what /proc/meminfo says, and what psutil says elsewhere."""

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from agent.vitals import _files, meminfo
from tests.agent.vitals import machines


class Memory(dict[str, int]):
    def _asdict(self) -> dict[str, int]:
        return self


def elsewhere(monkeypatch: pytest.MonkeyPatch, kinds: str, *, is_mac: bool) -> dict[str, Any]:
    memory = Memory({kind: at for at, kind in enumerate(kinds.split())})
    swap = SimpleNamespace(total=10, used=11, free=12, sin=13, sout=14)
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "MACOS", is_mac)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(psutil, "swap_memory", lambda: swap)
    return {
        name.removeprefix("node_memory_").replace("_bytes", ""): value
        for name, value in meminfo.read().items()
    }


def test_fields_have_node_exporters_names_and_are_bytes() -> None:
    families = meminfo.parsed(machines.MEMINFO.encode())

    assert families["node_memory_MemTotal_bytes"] == 8_167_848 * 1024
    assert families["node_memory_Active_anon_bytes"] == 1_630_512 * 1024
    assert families["node_memory_Inactive_file_bytes"] == 1_289_712 * 1024
    assert families["node_memory_DirectMap2M_bytes"] == 6_144_000 * 1024
    assert families["node_memory_HugePages_Total"] == 7
    assert len(families) == len(machines.MEMINFO.splitlines())


def test_the_page_cache_is_without_reclaimable_slabs() -> None:
    families = meminfo.parsed(machines.MEMINFO.encode())

    assert families["node_memory_Cached_bytes"] == 2_919_748 * 1024
    assert families["node_memory_SReclaimable_bytes"] == 226_748 * 1024


@pytest.mark.skipif(not psutil.LINUX, reason="reads /proc/meminfo")
def test_total_is_what_psutil_says() -> None:
    assert meminfo.read()["node_memory_MemTotal_bytes"] == psutil.virtual_memory().total


ODD = ["MemFree: x kB", "MemFree: -1 kB", "MemFree:", "MemFree", "MemFree: 1 MB", "New: 1 kB", ""]


@pytest.mark.parametrize("line", ODD)
def test_a_line_that_is_not_understood_costs_only_itself(line: str) -> None:
    families = meminfo.parsed(f"{line}\nBuffers: 2 kB\n".encode())

    assert families == {"node_memory_Buffers_bytes": 2048}


def test_on_a_mac_the_names_are_node_exporters_there(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = "total available percent used free active inactive wired"

    told = elsewhere(monkeypatch, kinds, is_mac=True)

    of_memory = {"total": 0, "available": 1, "free": 4, "active": 5, "inactive": 6, "wired": 7}
    of_swap = {"swap_total": 10, "swap_used": 11, "swap_free": 12}
    assert told == of_memory | of_swap | {"swapped_in_total": 13, "swapped_out_total": 14}


def test_on_windows_the_names_are_those_of_the_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    told = elsewhere(monkeypatch, "total available percent used free", is_mac=False)

    assert told == {
        "total": 0,
        "available": 1,
        "free": 4,
        "swap_total": 10,
        "swap_used": 11,
        "swap_free": 12,
    }
