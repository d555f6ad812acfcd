from types import SimpleNamespace

import psutil
import pytest

from agent.vitals import memory


def test_memory_is_what_psutil_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: said)

    families = memory.read()

    assert families == {
        "node_memory_total_bytes": said.total,
        "node_memory_available_bytes": said.available,
        "node_memory_free_bytes": said.free,
        "node_memory_buffers_bytes": said.buffers,
        "node_memory_cached_bytes": said.cached,
    }


def test_a_system_without_buffers_and_cache_leaves_them_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: SimpleNamespace(total=8, available=4, used=4, free=2)
    )

    assert memory.read() == {
        "node_memory_total_bytes": 8,
        "node_memory_available_bytes": 4,
        "node_memory_free_bytes": 2,
    }
