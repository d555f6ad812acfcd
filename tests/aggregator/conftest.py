import pytest

from tests.aggregator.scene import Scene


@pytest.fixture
def scene() -> Scene:
    """One venue with one host, before the aggregator is subscribed."""
    return Scene()
