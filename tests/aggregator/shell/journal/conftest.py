import pytest

from tests.aggregator.shell.journal.process import Reports


@pytest.fixture
async def reports() -> Reports:
    """Return the receiver of a journal's reports."""
    return Reports()
