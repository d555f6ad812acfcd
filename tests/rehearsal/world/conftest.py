import random
from collections.abc import Callable

import pytest

from venuewatch.rehearsal.world.layout import Layout, VenuePlan
from venuewatch.rehearsal.world.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world() -> MakeWorld:
    """Make a small fleet on good lines, and let it run until it is settled."""

    def make(*, has_bridge: bool = False, seed: int = 1) -> World:
        plans = (VenuePlan("V1", 4, has_bridge=has_bridge), VenuePlan("V2", 3), VenuePlan("V3", 3))
        world = World(Layout(plans), random.Random(seed))
        world.start()
        world.run(25.0)
        assert world.trouble() == []
        return world

    return make
