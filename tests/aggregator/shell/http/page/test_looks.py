"""Colours, shapes, words and places: what the eye gets."""

import math
import re
from itertools import combinations

import pytest

from aggregator.inventory import read
from aggregator.shell.http.page import map_panels, squares, words
from aggregator.shell.http.page.assets import FOLDER, Assets
from aggregator.shell.http.page.map_panels import Place
from tests.house.test_style import ROOT

CSS = (FOLDER / "page.css").read_text()
VARIABLES = re.compile(r"--([a-z-]+): (#[0-9a-f]{6})")


def colours() -> dict[str, dict[str, str]]:
    dark, system_light, light = (
        dict(VARIABLES.findall(block))
        for block in re.findall(r"\{\s*color-scheme[^}]*\}", CSS)
    )  # fmt: skip
    assert system_light == light
    return {"dark": dark, "light": dark | light}


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def test_in_the_dark_the_worst_is_the_brightest() -> None:
    known = colours()["dark"]
    steps = [luminance(known[name]) for name in ("crit-bg", "warn-bg", "well-bg", "ground")]

    assert steps == sorted(steps, reverse=True)


def test_in_the_light_the_worst_is_the_darkest() -> None:
    known = colours()["light"]
    steps = [luminance(known[name]) for name in ("crit-bg", "warn-bg", "well-bg")]

    assert steps == sorted(steps)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_worst_stands_out_most_from_the_ground(theme: str) -> None:
    known = colours()[theme]
    steps = [
        contrast(known[name], known["ground"])
        for name in ("crit-bg", "warn-bg", "info-bg", "well-bg")
    ]

    assert steps[0] > steps[1] > max(steps[2:])


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("ground", "text"),
    [
        ("ground", "text"), ("ground", "dim"), ("panel", "text"), ("panel", "dim"),
        ("panel", "link"), ("raised", "text"), ("well-bg", "dim"), ("ground", "link"),
        ("crit-bg", "crit-fg"), ("warn-bg", "warn-fg"), ("info-bg", "info-fg"),
        ("crit-row", "crit-row-fg"), ("warn-row", "warn-row-fg"), ("info-bg", "dim"),
        ("hatch-a", "text"), ("hatch-b", "dim"), ("hatch-a", "dim"),
        ("panel", "crit-edge"), ("panel", "warn-edge"),
        ("banner-a", "banner-fg"), ("banner-b", "banner-fg"),
    ],
)  # fmt: skip
def test_text_can_be_read(theme: str, ground: str, text: str) -> None:
    known = colours()[theme]

    assert contrast(known[ground], known[text]) >= 4.5


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("ground", "drawn"),
    [("well-bg", "up"), ("panel", "up"), ("well-bg", "down"), ("ground", "field"),
     ("panel", "field"), ("panel", "hatch-edge"), ("panel", "info-edge"), ("ground", "focus")],
)  # fmt: skip
def test_what_is_drawn_can_be_seen(theme: str, ground: str, drawn: str) -> None:
    known = colours()[theme]

    assert contrast(known[ground], known[drawn]) >= 3.0


def test_each_state_of_a_host_has_a_shape_of_its_own() -> None:
    assert len({shape for _, _, shape in squares.SHAPES.values()}) == len(squares.SHAPES)


@pytest.mark.parametrize("count", [0, 1, 12, 40, 15_000])
def test_hosts_of_one_state_are_one_path(count: int) -> None:
    drawn = squares.draw(["up"] * count + ["down"])

    assert [path.state for path in drawn.paths] == ["down"] + ["up"] * bool(count)
    assert drawn.width * drawn.height >= (count + 1) * squares.CELL**2
    assert "1 down" in drawn.label


def test_a_state_of_another_version_is_drawn_as_unknown() -> None:
    assert squares.draw(["dreaming"]).width == squares.COLUMNS_MIN * squares.CELL


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("interval_s", 0.9999999999999998, ("interval", "1 s")), ("reached", False, ("reached", "no")),
     ("last_heard_s_ago", 2.812, ("last heard", "2.81 s ago")),
     ("port", None, ("port", "not known")),
     ("beats", 3, ("beats", "3"))],
)  # fmt: skip
def test_figures_of_evidence_are_words(key: str, value: object, said: tuple[str, str]) -> None:
    assert words.figure(key, value) == said


def demo_places() -> tuple[Place, ...]:
    known = read(ROOT / "venuewatch/demo/inventory.toml").venue
    return tuple(
        Place(venue.code, venue.town, venue.lat, venue.lon)
        for venue in known
        if venue.lat is not None and venue.lon is not None
    )


def test_every_venue_is_on_the_map_once() -> None:
    panels = map_panels.panels_of(demo_places())

    codes = [spot.code for panel in panels for spot in panel.spots]
    assert sorted(codes) == sorted(place.code for place in demo_places())


def test_marks_of_the_map_cover_no_other_mark() -> None:
    for panel in map_panels.panels_of(demo_places()):
        for one, two in combinations(panel.spots, 2):
            assert math.hypot(one.x - two.x, one.y - two.y) > 12, (panel.title, one, two)


def test_a_venue_alone_has_a_map() -> None:
    (panel,) = map_panels.panels_of((Place("STA", "", 48.9, 2.3),))

    assert len(panel.spots) == 1


def test_four_hundred_venues_at_one_place_have_a_map() -> None:
    places = tuple(Place(f"V{number}", "", 48.9, 2.3) for number in range(400))

    panels = map_panels.panels_of(places)

    assert sum(len(panel.spots) for panel in panels) == 400


def test_styles_and_scripts_stay_small() -> None:
    assert Assets().size <= 60_000


def test_a_changed_file_has_another_name(tmp_path: object) -> None:
    del tmp_path
    name = Assets().path("page.css")

    assert re.fullmatch(r"/static/page\.[0-9a-f]{12}\.css", name)
