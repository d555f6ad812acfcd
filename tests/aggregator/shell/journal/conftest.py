from pathlib import Path

import pytest

from tests.aggregator.shell.journal.process import Reports


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "journal.sqlite"


@pytest.fixture
async def reports() -> Reports:
    """Return what a journal reports to."""
    return Reports()
