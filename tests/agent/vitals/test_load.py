import psutil
import pytest

from agent.vitals import load


def test_the_averages_are_the_systems_to_two_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.11376953125, 12.0, 3.456))

    assert load.read() == {"node_load1": 0.11, "node_load5": 12.0, "node_load15": 3.46}
