"""The slots of a host that usual beats touch lie side by side, and no others between them."""

from collections.abc import Iterator

import pytest

from aggregator.core.host import BeatState, Host
from tests.kit.machine import GRACE_S
from tests.kit.story import STADE, Story

touched: set[str] = set()


class Watched(Host):
    """A host that notes which of its slots are read or changed."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> object:
        if name in Host.__slots__ or name in BeatState.__slots__:
            touched.add(name)
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: object) -> None:
        touched.add(name)
        super().__setattr__(name, value)


@pytest.fixture
def story() -> Iterator[Story]:
    """Yield a fleet that is up, each host of which notes what is touched."""
    found = Story({"STA": STADE["STA"]}).bring_up()
    found.run(2 * GRACE_S)  # each has found its way back by then
    for name in found.machines:
        object.__setattr__(found.host(name), "__class__", Watched)
    touched.clear()
    yield found
    touched.clear()


def test_usual_beats_touch_only_what_lies_together_and_all_of_that(story: Story) -> None:
    story.run(3.0)

    assert touched - {"birth"} == set(BeatState.__slots__)  # each tick looks for older agents
