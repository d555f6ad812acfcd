from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.kit.scripted_fleet import ScriptedFleet

Whys: TypeAlias = Callable[[str], list[str]]


@pytest.fixture
def whys(caplog: pytest.LogCaptureFixture) -> Whys:
    """Return what lists why an event was logged, each time."""
    return lambda event: [
        record.__dict__["venuewatch_fields"]["why"]
        for record in caplog.records
        if record.getMessage() == event
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the journal's path."""
    return tmp_path / "journal.sqlite"


@pytest.fixture
def fleet() -> ScriptedFleet:
    """Return a fleet with a host in every state."""
    return ScriptedFleet()
