"""Hostile names: shown, harmless, and no longer than a page can take."""

import unicodedata
from collections.abc import Callable
from http import HTTPStatus

import msgspec
import pytest

from aggregator.core.incidents.alerts import Severity
from aggregator.shell.http.api.incidents import IncidentsPage, IncidentsQuery, StepView
from aggregator.shell.http.api.search import FoundPage
from aggregator.shell.http.page import words
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import (
    error,
    host,
    incident,
    incidents,
    overview,
    search,
    venue,
    wall,
)
from aggregator.shell.http.page.views import map as map_view
from tests.aggregator.shell.http.page.test_pages import HOST
from tests.kit import shown
from tests.kit.shown import AT, Parsed

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"' onmouseover=alert(1) x='",
    "template": "{{ 7 * 7 }}{% raw %}",
    "terminal": "\x1b[2J\x1b]0;owned\x07",
    "right_to_left": "\u202egnp.exe\u2066\u200f",
    "lines": "a\r\nb\u2028c\0d",
    "long": "x" * 65_536,
    "surrogate": "\udc80",
}


def pages(renderer: Renderer, text: str) -> dict[str, Callable[[], str]]:
    told = {"sentence": text, "severity": Severity.CRITICAL, "since": AT - 5}
    line = shown.venue("STA", ["down"], name=text, town=text, timezone=text, group=text,
                       lat=1.0, lon=2.0, **told)  # fmt: skip
    known = shown.incident(sentence=text, host=text, check=text, children=(text,))
    step = StepView(at=AT, kind="seen", by=text, sentence=text, detail={text: text})
    telling = StepView(at=AT, kind="told", by=text, sentence=text)
    whole = shown.whole(sentence=text, host=text, children=(text,), timeline=(step, telling))
    here = shown.venue_view(
        "STA", [shown.host(text, role=text, sentence=text)], name=text, town=text, open=(known,)
    )
    picture = shown.picture([line], [known], sentence=text)
    check, agent = HOST.checks[0], HOST.agent
    assert agent is not None
    its = msgspec.structs.replace(
        HOST, host=text, role=text, address=text, agent_version=text, sentence=text,
        agent=msgspec.structs.replace(agent, os=text),
        checks=(msgspec.structs.replace(check, check=text, kind=text, detail=text),),
        evidence=(step,), incidents=(known,),
    )  # fmt: skip
    return {
        "overview": lambda: overview.page(renderer, picture),
        "wall": lambda: wall.page(renderer, picture),
        "map": lambda: map_view.page(renderer, picture),
        "venue": lambda: venue.page(renderer, picture, here),
        "host": lambda: host.page(renderer, picture, its),
        "incident": lambda: incident.page(renderer, picture, whole, here),
        "incidents": lambda: incidents.page(
            renderer, picture, IncidentsPage((known,)), IncidentsQuery(venue=None), ["STA"]
        ),
        "search": lambda: search.page(renderer, picture, text, FoundPage((), more=False)),
        "error": lambda: error.page(renderer, picture, HTTPStatus.NOT_FOUND, text),
    }


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(renderer: Renderer, kind: str) -> None:
    plain = {
        name: [tag for tag, _ in Parsed(make()).elements]
        for name, make in pages(renderer, "name").items()
    }

    for name, make in pages(renderer, HOSTILE[kind]).items():
        html = make()
        page = Parsed(html)
        assert [tag for tag, _ in page.elements] == plain[name], name
        assert not any(each.startswith("on") for _, attrs in page.elements for each in attrs)
        assert {unicodedata.category(each) for each in html} & {"Cc", "Cf", "Cs", "Zl"} <= {"Cc"}
        assert {each for each in html if unicodedata.category(each) == "Cc"} <= {"\n"}
        assert len(html) < 100_000, name


def test_marks_that_turn_writing_are_shown_as_numbers() -> None:
    assert words.shown("a\u202eb") == "a\\u{202e}b"


def test_letters_of_any_language_stay_as_they_are() -> None:
    assert words.shown("Teahupo'o مرحبا 東京 é") == "Teahupo'o مرحبا 東京 é"


def test_a_long_text_says_how_much_is_left_out() -> None:
    assert str(words.shown("x" * 65_536)).endswith("… (65,236 more characters)")
