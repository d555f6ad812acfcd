"""Guide of the results day: it tells each moment, and what is not shown as it should be."""

import signal
from collections.abc import Callable, Mapping
from itertools import count

import pytest

from venuewatch.demo.command import exit_code
from venuewatch.demo.results_day import day
from venuewatch.demo.results_day.guide import SETTLES_S, Guide, Shown, stamp_of

HOLD_S = 2.0
Change = Callable[[str, Shown], Shown]


class Page:
    """A page that shows each moment as it should, but for what ``change`` makes of it."""

    def __init__(self, change: Change = lambda _host, said: said) -> None:
        self._change = change
        self._right: dict[str, Shown] = {}

    def play(self, to_s: float) -> None:
        for event in day.events():
            if event.at_s <= to_s:
                host, moment = event.script.host, event.moment
                self._right[host] = Shown(moment.state, "", moment.causes)
        for host, said in self._right.items():
            self._right[host] = said._replace(detail=f"{stamp_of(host, to_s)}: heard")

    @property
    def shown(self) -> Mapping[str, Shown]:
        return {host: self._change(host, said) for host, said in self._right.items()}


def walk(page: Page, guide: Guide) -> list[str]:
    """Guide through the whole day, at four steps a second; return what was told."""
    lines: list[str] = []
    for step in count():
        told = guide.advance(step / 4, page.shown)
        lines += told.lines
        if told.to_s is not None:
            page.play(told.to_s)
        if guide.is_over:
            return lines
        assert step < 40_000
    return lines


def test_day_that_is_shown_right_is_told_moment_by_moment() -> None:
    guide = Guide(HOLD_S)

    lines = walk(Page(), guide)

    told = [event.moment.says for event in day.events()]
    assert [says for line, says in zip(lines, told, strict=True) if says not in line] == []
    assert guide.missed == []
    assert guide.summary() == (
        f"The results day is over: {len(told)} moments, each shown as it should be."
    )


def silent_not_told(_host: str, said: Shown) -> Shown:
    return said._replace(state="flowing") if said.state == "silent" else said


def no_incident(_host: str, said: Shown) -> Shown:
    return said._replace(causes=frozenset())


def false_alarm(host: str, said: Shown) -> Shown:
    is_it = host == "TAH-results-01" and said.state == "not_expected"
    return said._replace(causes=frozenset({"results_silent"})) if is_it else said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (silent_not_told, "TAH-results-01 is shown flowing with results_silent"),
        (no_incident, "BCY-results-01 is shown frozen with no incident"),
        (false_alarm, "TAH-results-01: results_silent is a false alarm"),
    ],
)
def test_what_is_not_as_it_should_be_is_told(change: Change, words: str) -> None:
    guide = Guide(HOLD_S)

    lines = walk(Page(change), guide)

    assert any(line.startswith(f"WRONG: {words}") for line in lines)
    assert guide.missed != []
    assert "not as it should be" in guide.summary()


def test_incident_may_take_some_seconds_to_close() -> None:
    guide, page, now = Guide(HOLD_S), Page(), count()
    while not any("set right" in line for line in guide.advance(next(now), page.shown).lines):
        page.play(guide.to_s)
    page.play(guide.to_s)
    late = {
        host: said._replace(causes=frozenset({"results_clock"})) if "EIF" in host else said
        for host, said in page.shown.items()
    }

    at = next(now)
    for second in range(int(SETTLES_S) - 2):
        guide.advance(at + second, late)

    assert guide.missed == []
    for second in range(4):
        guide.advance(at + SETTLES_S + second, late)
    assert guide.missed == ["EIF-results-01 is shown flowing with results_clock"]


def test_host_that_says_nothing_is_told_and_holds_nothing_up() -> None:
    guide = Guide(HOLD_S)

    lines = walk(Page(lambda _host, said: said._replace(detail="")), guide)

    assert "WRONG: BCY-results-01 says nothing of Thu 10:01:00" in lines
    assert guide.shown_right == 0


def test_day_that_is_ended_early_says_so() -> None:
    guide = Guide(HOLD_S)
    guide.advance(0.0, {})

    assert guide.summary() == f"The results day was ended after 0 of {len(day.events())} moments."


@pytest.mark.parametrize(
    ("number", "missed", "code"),
    [
        (None, [], 0),
        (None, ["something"], 1),
        (signal.SIGTERM, [], 0),
        (signal.SIGTERM, ["something"], 1),
        (signal.SIGINT, ["something"], 130),
    ],
)
def test_exit_code_says_what_was_missed(number: int | None, missed: list[str], code: int) -> None:
    guide = Guide(HOLD_S)
    guide.missed = missed

    assert exit_code(number, guide) == code
