from pathlib import Path

import pytest

from tests.aggregator.shell.journal.process import Reports


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the journal's path."""
    return tmp_path / "journal.sqlite"


@pytest.fixture
async def reports() -> Reports:
    """Return the receiver of a journal's reports."""
    return Reports()
