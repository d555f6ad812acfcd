from collections.abc import Callable, Iterator

import pytest

from agent.checks.results_feed.door import Door
from tests.agent.checks.feed.door import KEY, MAX_BYTES, Hall


@pytest.fixture
def open_door() -> Iterator[Callable[[Door], Hall]]:
    halls: list[Hall] = []

    def open_one(door: Door) -> Hall:
        halls.append(Hall(door))
        return halls[-1]

    yield open_one
    for hall in halls:
        hall.receiver.close()


@pytest.fixture
def hall(open_door: Callable[[Door], Hall]) -> Hall:
    return open_door(Door("127.0.0.1", 0, MAX_BYTES))


@pytest.fixture
def guarded(open_door: Callable[[Door], Hall]) -> Hall:
    return open_door(Door("127.0.0.1", 0, MAX_BYTES, key=KEY))
