"""Fragments: which ones a change touches, and which have changed since they were sent."""

import asyncio

import pytest

from aggregator.shell.http.changes import Changes
from aggregator.shell.http.page import fragments as module
from aggregator.shell.http.page.fragments import (
    EVERYTHING,
    EVERYWHERE,
    INCIDENTS,
    MAP,
    OVERVIEW,
    Fragments,
    Known,
    touched,
)

KNOWN = Known(("STA", "AQU", "TAH"), (7, 8))
OF_HOST = Changes(venues={"AQU"}, hosts={"a1"})
OF_INCIDENT = Changes(venues={"AQU"}, hosts={"a1"}, incidents={7})


class World:
    """Fragments that a test changes; ``asked`` are the ids that were rendered."""

    def __init__(self, **html: str) -> None:
        self.html = html
        self.asked: list[str] = []

    def render(self, id_: str) -> str | None:
        self.asked.append(id_)
        return self.html.get(id_.replace("-", "_"))


@pytest.mark.parametrize(
    ("topic", "changes", "expected"),
    [
        (EVERYWHERE, OF_HOST, ["head"]),
        (OVERVIEW, OF_HOST, ["monitor", "v-AQU"]),
        (OVERVIEW, OF_INCIDENT, ["problems", "monitor", "v-AQU"]),
        (OVERVIEW, EVERYTHING, ["problems", "monitor", "v-STA", "v-AQU", "v-TAH"]),
        (OVERVIEW, Changes(venues={"GONE"}), ["monitor"]),
        (MAP, OF_HOST, ["m-AQU"]),
        (MAP, EVERYTHING, ["m-STA", "m-AQU", "m-TAH"]),
        (INCIDENTS, OF_INCIDENT, ["i-7"]),
        (INCIDENTS, EVERYTHING, ["i-7", "i-8"]),
        ("venue-AQU", OF_HOST, ["venue-AQU"]),
        ("venue-STA", OF_HOST, []),
        ("venue-STA", EVERYTHING, ["venue-STA"]),
        ("host-a1", OF_HOST, ["host-a1"]),
        ("host-a2", OF_HOST, []),
        ("incident-7", OF_INCIDENT, ["incident-7"]),
        ("incident-8", OF_INCIDENT, []),
    ],
)
def test_a_change_touches_what_may_show_it(
    topic: str, changes: Changes, expected: list[str]
) -> None:
    assert list(touched(topic, changes, KNOWN)) == expected


async def test_a_fragment_is_sent_only_when_it_has_changed() -> None:
    world = World(v_STA="<li>up</li>", v_AQU="<li>up</li>")
    fragments = Fragments()
    both = Changes(venues={"STA", "AQU"})
    whole = await fragments.changed(OVERVIEW, both, KNOWN, world.render)
    world.html["v_AQU"] = "<li>down</li>"
    changed = await fragments.changed(OVERVIEW, both, KNOWN, world.render)
    nothing = await fragments.changed(OVERVIEW, both, KNOWN, world.render)

    assert whole is not None
    assert changed is not None
    assert whole.data == b"<li>up</li>\n<li>up</li>"
    assert (changed.name, changed.data, changed.topic) == ("fragments", b"<li>down</li>", OVERVIEW)
    assert nothing is None


async def test_a_running_age_is_no_change() -> None:
    world = World(head='<p><span data-since="12.5">3 s</span></p>')
    fragments = Fragments()
    await fragments.whole(EVERYWHERE, KNOWN, world.render)
    world.html["head"] = '<p><span data-since="12.5">4 s</span></p>'
    same = await fragments.changed(EVERYWHERE, OF_HOST, KNOWN, world.render)
    world.html["head"] = '<p><span data-since="13.5">3 s</span></p>'
    other = await fragments.changed(EVERYWHERE, OF_HOST, KNOWN, world.render)

    assert same is None
    assert other is not None


async def test_a_snapshot_renders_nothing_again() -> None:
    world = World(host_a1="<article>")
    fragments = Fragments()
    first = await fragments.whole("host-a1", KNOWN, world.render)
    second = await fragments.whole("host-a1", KNOWN, world.render)

    assert first == second
    assert world.asked == ["host-a1"]


async def test_a_forgotten_topic_is_rendered_anew() -> None:
    world = World(host_a1="<article>up")
    fragments = Fragments()
    await fragments.whole("host-a1", KNOWN, world.render)
    fragments.forget_all_but([OVERVIEW])
    world.html["host_a1"] = "<article>down"
    again = await fragments.whole("host-a1", KNOWN, world.render)

    assert again is not None
    assert again.data == b"<article>down"


async def test_marks_of_a_map_are_sent_as_svg() -> None:
    world = World(m_STA="<a></a>", m_AQU="<a></a>")
    event = await Fragments().whole(MAP, KNOWN, world.render)

    assert event is not None
    assert event.data == b"<svg><a></a>\n<a></a></svg>"


async def test_what_is_gone_has_no_fragment() -> None:
    event = await Fragments().whole("host-gone", KNOWN, World().render)

    assert event is None


async def test_rendering_yields_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    yields = []

    async def sleep(_seconds: float) -> None:
        yields.append(True)

    monkeypatch.setattr(module, "_WORK_S", -1.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await Fragments().whole(OVERVIEW, KNOWN, World().render)

    assert len(yields) == 5
