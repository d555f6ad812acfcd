import pytest
from hypothesis import settings

from tests.aggregator.scene import Scene

# How fast an example runs is a matter for bench/: a busy machine must not fail a test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def scene() -> Scene:
    """One venue with one host, before the aggregator is subscribed."""
    return Scene()
