"""Content that must advance, on a clock of the test."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import file
from agent.checks.extractors import Body
from agent.checks.patterns import matcher
from agent.checks.reading.limits import together
from agent.checks.reading.progress import Progress, Progressed
from agent.checks.reading.times import Deadline, Now
from tests.agent.checks.peers import PATIENCE_S
from venuewatch.base.wire.checks import CheckState, CheckValues

NUMBER = {"number": {"json": "/n"}, "number_rests_s": 60.0}
CLOCK = {"clock": {"json": "/c"}, "clock_rests_s": 3.0}
RUNNING = {"running": {"json": "/run"}}


class Page:
    """A content that is read each time a test says so."""

    def __init__(self, **fields: Any) -> None:
        entry = {"kind": "file", "name": "it", "pattern": "/a", **fields}
        self._progress = Progress(msgspec.convert(entry, file.Config))

    def at(self, second: float, content: object) -> Progressed:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self._progress.judge(Body(raw), Now(second, 1e9 + second), Deadline(PATIENCE_S))

    def says(self, second: float, content: object) -> tuple[CheckState, str]:
        reading = together(self.at(second, content).findings, CheckValues())
        return reading.state, reading.detail


def test_number_that_advances_is_ok_for_ever() -> None:
    page = Page(**NUMBER)

    said = {page.says(50.0 * number, {"n": number})[0] for number in range(100)}

    assert said == {"ok"}


@pytest.mark.parametrize("contents", [[1234], ["1234", 1234.0, "1234.0", "01234"]])
def test_number_that_rests_past_its_limit_is_critical(contents: list[object]) -> None:
    page = Page(**NUMBER)
    for second in range(0, 61, 10):
        said = page.says(second, {"success": True, "n": contents[second // 10 % len(contents)]})
        assert said == ("ok", "number is 1234")

    assert page.says(61, {"n": 1234}) == ("critical", "number is 1234 for 61 s, limit 60 s")
    assert page.says(70, {"n": 1235}) == ("ok", "number is 1235")


def test_number_that_begins_anew_has_advanced() -> None:
    page = Page(**NUMBER)
    page.at(0, {"n": 1234})

    assert page.says(70, {"n": 1}) == ("ok", "number is 1")
    assert page.says(131, {"n": 1})[0] == "critical"


def test_number_of_any_size_advances_by_one() -> None:
    page = Page(**NUMBER)
    page.at(0, b'{"n": 638123456789012345678}')

    assert page.says(70, b'{"n": 638123456789012345679}')[0] == "ok"


def test_clock_may_be_any_text_and_must_change() -> None:
    page = Page(**CLOCK)

    said = [page.says(second, {"c": f"12:{second // 2}"})[0] for second in range(8)]
    stopped = page.says(12, {"c": "12:3"})

    assert said == ["ok"] * 8
    assert stopped == ("critical", "clock is 12:3 for 6 s, limit 3 s")


def test_number_and_clock_rest_on_their_own() -> None:
    page = Page(**NUMBER, **CLOCK)
    page.at(0, {"n": 1, "c": "1"})

    assert page.says(10, {"n": 2, "c": "1"}) == ("critical", "clock is 1 for 10 s, limit 3 s")
    assert page.says(71, {"n": 2, "c": "2"}) == ("critical", "number is 2 for 61 s, limit 60 s")


def test_nothing_rests_while_nothing_runs() -> None:
    page = Page(**NUMBER, **CLOCK, **RUNNING)
    still = {"n": 1, "c": "10:00"}
    page.at(0, still | {"run": True})

    assert page.says(100, still | {"run": "N"}) == (
        "ok",
        "number is 1; clock is 10:00; not running",
    )
    assert page.says(103, still | {"run": "Y"})[0] == "ok"
    assert page.says(104, still | {"run": "live"})[0] == "critical"


@pytest.mark.parametrize("odd", [{}, {"run": "half-time"}, {"run": None}])
def test_running_that_can_not_be_read_is_as_before(odd: dict[str, Any]) -> None:
    page = Page(**CLOCK, **RUNNING)
    page.at(0, {"c": "1", "run": False})

    assert page.says(50, {"c": "1"} | odd)[0] == "ok"
    page.at(60, {"c": "1", "run": True})
    state, detail = page.says(70, {"c": "1"} | odd)

    assert state == "critical"
    assert detail.startswith("clock is 1 for 20 s, limit 3 s; ")


def test_running_that_was_never_read_expects_progress() -> None:
    page = Page(**CLOCK, **RUNNING)
    page.at(0, {"c": "1"})

    assert page.says(4, {"c": "1"}) == (
        "critical",
        "clock is 1 for 4 s, limit 3 s; the body has no field /run",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"m": 1}, "the body has no field /n"),
        ({"n": "abc"}, "number is 'abc'"),
        ({"n": [1]}, "the body has a list at '/n'"),
        (b'{"n": 12', "the body is not JSON"),
        (b"", "the body is not JSON"),
    ],
)
def test_content_without_its_number_costs_no_alarm_at_once(content: object, why: str) -> None:
    page = Page(**NUMBER)

    assert page.says(0, content) == ("unknown", f"no number yet; {why}")
    assert page.says(61, content) == ("critical", f"no number yet; {why}")
    assert page.says(62, {"n": 1}) == ("ok", "number is 1")
    assert page.says(90, content) == ("ok", "number is 1")
    assert page.says(123, content) == ("critical", f"number is 1 for 61 s, limit 60 s; {why}")


def test_values_are_the_number_and_the_longest_rest() -> None:
    page = Page(**NUMBER, **CLOCK)
    page.at(0, {"n": 12, "c": "x"})

    progressed = page.at(7, {"n": 13, "c": "x"})

    assert (progressed.number, progressed.rest_s) == (13.0, 7.0)
    assert Page(**CLOCK).at(0, {"c": "1"}).number is None
    assert Page().at(0, {}) == Progressed([])


def test_pattern_that_explodes_is_unknown_and_moves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matcher, "LONGEST_S", 0.3)
    page = Page(number={"regex": r"n=((?:\d+)+)$"}, number_rests_s=60.0)
    page.at(0, b"n=7")

    state, detail = page.says(10, b"n=" + b"7" * 64 + b"x")

    assert state == "unknown"
    assert "took over 0.3 s and was stopped" in detail
    assert page.says(61, b"n=7")[0] == "critical"


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 2) | st.none()), max_size=30))
def test_rest_is_the_time_since_the_value_changed(steps: list[tuple[float, int | None]]) -> None:
    page, second, value, moved = Page(**NUMBER), 0.0, None, None
    for after, number in steps:
        second += after
        if moved is None or (number is not None and number != value):
            moved = second
        value = value if number is None else number

        progressed = page.at(second, {"n": number})

        assert progressed.rest_s == second - moved
        assert progressed.number == value
