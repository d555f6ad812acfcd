"""Fragments of now: from looks at those venues only that have changed, and at all when asked."""

from collections.abc import Iterable

import pytest

from aggregator.shell.http.api.venues import VenueLine
from aggregator.shell.http.api.view import View
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.page import ids
from aggregator.shell.http.page.fragments import EVERYTHING
from aggregator.shell.http.page.now import Looks
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.walltime import WallTime
from tests.kit.story import Story, fleet_of


class CountingView(View):
    """A view that notes at which venues it was asked to look."""

    def __init__(self, story: Story) -> None:
        super().__init__(story.centre, WallTime(story.now, 1_800_000_000.0), name="centre")
        self.looked: list[str] = []

    def venues(self, codes: Iterable[str] | None = None) -> list[VenueLine]:
        found = super().venues(codes)
        self.looked += [line.venue for line in found]
        return found


@pytest.fixture
def story() -> Story:
    return Story().bring_up()


@pytest.fixture
def view(story: Story) -> CountingView:
    return CountingView(story)


@pytest.fixture
def looks(renderer: Renderer, view: CountingView) -> Looks:
    return Looks(renderer, view, lambda _number: None)


async def test_only_changed_venues_are_looked_at_again(
    story: Story, view: CountingView, looks: Looks
) -> None:
    await looks.renders(Changes())
    first = sorted(view.looked)
    view.looked.clear()
    story.kill("s1")
    story.run(3.0)
    render = await looks.renders(Changes(venues={"STA"}))

    assert first == sorted(view.codes)
    assert view.looked == ["STA"]
    assert "1 down" in (render(ids.tile("STA")) or "")


async def test_a_change_of_the_centre_looks_at_all(view: CountingView, looks: Looks) -> None:
    await looks.renders(Changes())
    view.looked.clear()
    await looks.renders(EVERYTHING)

    assert sorted(view.looked) == sorted(view.codes)


async def test_what_has_left_the_inventory_has_no_tile(story: Story, looks: Looks) -> None:
    await looks.renders(Changes())
    story.centre.change_inventory(story.now, fleet_of({"STA": ("s1",)}))
    render = await looks.renders(Changes(venues={"STA", "AQU"}, is_centre=True))

    assert render(ids.tile("AQU")) is None
    assert render(ids.tile("STA")) is not None
