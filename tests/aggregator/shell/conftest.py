from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.kit.scripted_fleet import ScriptedFleet

Logged: TypeAlias = Callable[[str], list[dict[str, Any]]]
Whys: TypeAlias = Callable[[str], list[str]]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """Return what lists the fields of an event, each time that it was logged."""
    return lambda event: [
        record.__dict__["venuewatch_fields"]
        for record in caplog.records
        if record.getMessage() == event
    ]


@pytest.fixture
def whys(logged: Logged) -> Whys:
    """Return what lists why an event was logged, each time."""
    return lambda event: [fields["why"] for fields in logged(event)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the journal's path."""
    return tmp_path / "journal.sqlite"


@pytest.fixture
def fleet() -> ScriptedFleet:
    """Return a fleet with a host in every state."""
    return ScriptedFleet()
