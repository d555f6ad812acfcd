import pytest

from tests.agent.checks.feed.hall import Hall


@pytest.fixture
def hall() -> Hall:
    return Hall()
