"""Spans: the states of a host within the last day."""

from aggregator.core.states import HostState
from aggregator.shell.http.api.hosts import SPANS_MAX, Passage, SpanView, spans
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet

UP, DOWN, UNKNOWN = HostState.UP, HostState.DOWN, HostState.UNKNOWN
SINCE = WALL + 18.2
START = WALL + NOW - 86_400.0


def of_lost(fleet: ScriptedFleet, *passages: Passage) -> tuple[SpanView, ...]:
    host = fleet.centre.fleet.named("lost")
    return spans(host, passages, WallTime(0.0, WALL), WALL + NOW)


def test_passages_of_an_earlier_process_are_spans(fleet: ScriptedFleet) -> None:
    found = of_lost(fleet, Passage(START + 60.0, UP, UNKNOWN), Passage(START + 90.0, UNKNOWN, UP))

    assert found == (
        SpanView(UP, START, START + 60.0),
        SpanView(UNKNOWN, START + 60.0, START + 90.0),
        SpanView(UP, START + 90.0, SINCE),
        SpanView(DOWN, SINCE, None),
    )


def test_a_passage_that_is_stored_already_is_one_span(fleet: ScriptedFleet) -> None:
    found = of_lost(fleet, Passage(SINCE, UP, DOWN))

    assert found == (SpanView(UP, START, SINCE), SpanView(DOWN, SINCE, None))


def test_spans_are_the_latest_of_too_many(fleet: ScriptedFleet) -> None:
    passages = [Passage(START + at, UP, DOWN) for at in range(1, SPANS_MAX + 100)]

    found = of_lost(fleet, *passages)

    assert (len(found), found[-1].state, found[-1].end) == (SPANS_MAX, DOWN, None)
