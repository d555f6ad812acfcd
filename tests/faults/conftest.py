from collections.abc import Iterator

import pytest

from tests.faults.stage import Site, staged
from tests.faults.world import World, world_of


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Yield a site whose uplink is as the module's ``WAY``, where it has one."""
    with staged() as run:
        made = Site(run, getattr(request.module, "WAY", None))
        yield made
        made.close()


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Yield a world of the module's ``PLANS``."""
    with world_of(tmp_path_factory.mktemp("world"), request.module.PLANS) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """Yield the module's world while all is well, and undo every fault afterwards."""
    running.mark()
    yield running
    running.recover()
