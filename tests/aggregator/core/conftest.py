"""Stories that tests of the core begin with."""

import pytest

from tests.kit.story import ALONE, Story


@pytest.fixture
def story() -> Story:
    """Two venues with three hosts each, all of them up, at 4 s."""
    return Story().bring_up()


@pytest.fixture
def alone() -> Story:
    """One venue with one host, before the aggregator is subscribed."""
    return Story(ALONE)
