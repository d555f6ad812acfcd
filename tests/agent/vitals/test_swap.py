import psutil
import pytest

from agent.vitals import swap


def test_swap_is_what_psutil_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = psutil.swap_memory()
    monkeypatch.setattr(psutil, "swap_memory", lambda: said)

    assert swap.read() == {
        "node_memory_swap_total_bytes": said.total,
        "node_memory_swap_used_bytes": said.used,
        "node_memory_swap_free_bytes": said.free,
    }
