from pathlib import Path

import pytest

from tests.kit.scripted_fleet import ScriptedFleet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the journal's path."""
    return tmp_path / "journal.sqlite"


@pytest.fixture
def fleet() -> ScriptedFleet:
    """Return a fleet with a host in every state."""
    return ScriptedFleet()
