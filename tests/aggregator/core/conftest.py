"""What tests of the whole core begin with."""

import pytest

from tests.aggregator.watching import Watching


@pytest.fixture
def watching() -> Watching:
    """Two venues with three hosts each, all of them up, at 4 s."""
    both = Watching()
    both.bring_up()
    return both
