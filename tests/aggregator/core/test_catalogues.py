"""Catalogues: no array of vitals is read without its own, and none is lost for want of it."""

import gc
from collections.abc import Sequence

import pytest

from aggregator.core.catalogues import HELD_MAX, PER_HOST, KnownCatalogue, KnownVitals
from aggregator.core.outputs import LateReading, Store
from tests.kit.machine import WALL
from tests.kit.story import HOST, Story
from venuewatch.base.wire.catalogue import Catalogue, Families
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import (
    Acknowledge,
    Backlog,
    CheckReading,
    Checks,
    SayCatalogue,
    Vitals,
)
from venuewatch.base.wire.readings import Readings

LOADS = Catalogue([("node_load1", [[]]), ("node_load5", [[]])])
TURNED = Catalogue([("node_load5", [[]]), ("node_load1", [[]])])


@pytest.fixture
def heard(alone: Story) -> Story:
    """One host that is known, at 50 s."""
    alone.subscribe(0.0)
    alone.advance(50.0)
    return alone


def array(
    seq: int, *values: float | None, catalogue: Catalogue = LOADS, taken_at: float = 45.0
) -> Vitals:
    wall_ms = int((WALL + taken_at) * 1000) + seq
    return Vitals("a", 1, seq, wall_ms, catalogue=catalogue.key, values=[*values] or [seq, 0.5])


def receive(story: Story, *contents: Vitals | Catalogue | Backlog) -> None:
    story.deliver(*(story.machines[HOST].said(content) for content in contents))


def read(story: Story) -> dict[str, float]:
    """Return what is known of the host, by family."""
    vitals = story.host().vitals
    if vitals is None:
        return {}
    return dict(zip((name for name, _ in vitals.catalogue.families), vitals.values, strict=True))


def asked(story: Story) -> list[str]:
    """Return the catalogues that were asked for."""
    said = [out.message for out in story.published]
    return [message.key for message in said if isinstance(message, SayCatalogue)]


def acknowledged(story: Story) -> list[int]:
    """Return the backlogs that were acknowledged."""
    said = [out.message for out in story.published]
    return [message.number for message in said if isinstance(message, Acknowledge)]


def refused(story: Story, reason: Reason) -> int:
    return story.centre.intake.rejected[reason]


def test_numbers_are_read_by_their_catalogue(heard: Story) -> None:
    receive(heard, LOADS, TURNED, array(1, 1.0, 5.0))

    assert read(heard) == {"node_load1": 1.0, "node_load5": 5.0}
    receive(heard, array(2, 5.0, 1.0, catalogue=TURNED))
    assert read(heard) == {"node_load1": 1.0, "node_load5": 5.0}


def test_vitals_before_their_catalogue_are_asked_for_once_and_read_then(heard: Story) -> None:
    receive(heard, array(1, 1.0, 5.0), array(2, 2.0, 6.0))
    before = read(heard)

    receive(heard, LOADS)

    assert (before, asked(heard)) == ({}, [LOADS.key])
    assert read(heard) == {"node_load1": 2.0, "node_load5": 6.0}
    assert heard.host().readings_heard == 2


def test_question_that_got_lost_costs_no_vitals_of_each_second(heard: Story) -> None:
    for seq in range(HELD_MAX):
        receive(heard, array(seq))
        heard.advance(heard.now + 1.0)

    receive(heard, LOADS)

    assert asked(heard) == [LOADS.key] * HELD_MAX
    assert heard.host().readings_heard == HELD_MAX


def test_vitals_are_never_read_by_another_catalogue(heard: Story) -> None:
    receive(heard, array(1, 1.0, 5.0), TURNED)

    assert read(heard) == {}


def test_vitals_that_wait_too_long_are_dropped_and_counted(heard: Story) -> None:
    receive(heard, *(array(seq) for seq in range(HELD_MAX + 3)))

    assert refused(heard, Reason.UNKNOWN_CATALOGUE) == 3
    receive(heard, LOADS)
    assert read(heard)["node_load1"] == HELD_MAX + 2
    assert heard.host().readings_heard == HELD_MAX


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0]])
def test_numbers_that_do_not_fit_are_refused(heard: Story, values: Sequence[float]) -> None:
    receive(heard, LOADS, array(1, *values))

    assert (read(heard), refused(heard, Reason.WRONG_TYPE)) == ({}, 1)
    receive(heard, array(2))
    assert read(heard)["node_load1"] == 2.0


def late_of(story: Story) -> list[LateReading]:
    return [late for out in story.said() if isinstance(out, Store) for late in out.readings]


def test_a_backlog_brings_its_catalogues_and_is_stored_as_it_came(heard: Story) -> None:
    said = array(1, 1.0, 5.0)

    receive(heard, Backlog("a", 1, 7, [said], [], [LOADS]))

    (late,) = late_of(heard)
    (known,) = late.known
    assert isinstance(known, KnownVitals)
    assert late.message == said
    assert (known.catalogue.key, [*known.values]) == (LOADS.key, [1.0, 5.0])


def test_late_vitals_with_names_are_stored_by_their_catalogue(heard: Story) -> None:
    named = Readings(node_load1=1.0, node_load5=5.0)

    receive(heard, Backlog("a", 1, 7, [Vitals("a", 1, 1, int(WALL * 1000), named)], [], []))

    (late,) = late_of(heard)
    assert isinstance(late.message, Vitals)
    assert (late.message.readings, late.message.values) == (None, [1.0, 5.0])
    assert late.message.catalogue == LOADS.key


def families_of(known: KnownCatalogue) -> Families:
    return [(name, [[*row] for row in rows]) for name, rows in known.families]


AGAIN = {
    "a series three times": Catalogue([("node_network_up", [["a"], ["b"], ["a"], ["a"]])]),
    "a family twice": Catalogue([("node_network_up", [["a"], ["b"]])] * 2),
    "no labels": Catalogue([("node_load1", [[]]), ("node_load5", [[]]), ("node_load1", [[], []])]),
}


@pytest.mark.parametrize("catalogue", AGAIN.values(), ids=AGAIN.keys())
@pytest.mark.parametrize("is_late", [False, True], ids=["live", "late"])
def test_series_that_is_said_again_is_kept_once(
    heard: Story, catalogue: Catalogue, *, is_late: bool
) -> None:
    said = array(1, 1.0, 2.0, 3.0, 4.0, catalogue=catalogue)

    if is_late:
        receive(heard, Backlog("a", 1, 7, [said], [], [catalogue]))
    else:
        receive(heard, catalogue, said)

    vitals = heard.host().vitals
    assert vitals is not None
    assert [*vitals.values] == [1.0, 2.0]
    assert sum(len(rows) for _, rows in vitals.catalogue.families) == 2
    assert heard.centre.reception.readings.repeating == 1
    for late in late_of(heard):
        assert isinstance(late.message, Vitals)
        assert late.message.values == [1.0, 2.0]
        assert late.message.catalogue == Catalogue(families_of(vitals.catalogue)).key


def test_numbers_of_a_family_in_two_parts_keep_their_series(heard: Story) -> None:
    a, b = ("node_network_up", [["a"]]), ("node_network_up", [["b"]])
    parted = Catalogue([a, ("node_load1", [[]]), b])

    receive(heard, parted, array(1, 1.0, 2.0, 3.0, catalogue=parted))

    vitals = heard.host().vitals
    assert vitals is not None
    both = ("node_network_up", (("a",), ("b",)))
    assert vitals.catalogue.families == (both, ("node_load1", ((),)))
    assert [*vitals.values] == [1.0, 3.0, 2.0]
    assert heard.centre.reception.readings.repeating == 0


def test_named_vitals_that_say_a_series_again_keep_it_once(heard: Story) -> None:
    named = Readings(node_network_up=[("a", 1.0), ("a", 0.0), ("b", 0.0)])

    receive(heard, Vitals("a", 1, 1, int((WALL + 45.0) * 1000), named))

    vitals = heard.host().vitals
    assert vitals is not None
    assert [*vitals.values] == [1.0, 0.0]


@pytest.mark.parametrize("is_late", [False, True], ids=["live", "late"])
def test_value_of_a_check_that_is_said_again_is_kept_once(heard: Story, *, is_late: bool) -> None:
    values = CheckValues(
        check_performance=[("load", 1.0), ("load", 0.0), ("free", 2.0)],
        results_refused_total=[("size", 1.0), ("size", 5.0)],
    )
    wall_ms = int((WALL + 45.0) * 1000)
    reading = CheckReading(
        check="c",
        kind="exec",
        state="ok",
        every_s=10.0,
        wall_ms=wall_ms,
        duration_s=0.1,
        values=values,
    )
    said = Checks("a", 1, 1, wall_ms, [reading, reading])

    if is_late:
        receive(heard, Backlog("a", 1, 7, [], [said], []))
    else:
        heard.deliver(heard.machines[HOST].said(said))

    kept = heard.host().checks["c"].reading.values
    assert sorted(kept.check_performance or []) == [("free", 2.0), ("load", 1.0)]
    assert kept.results_refused_total == [("size", 1.0)]
    assert heard.centre.reception.readings.repeating == 1


def test_vitals_of_a_backlog_without_their_catalogue_hold_up_no_others(heard: Story) -> None:
    receive(heard, Backlog("a", 1, 7, [array(1), array(2, catalogue=TURNED)], [], [TURNED]))

    assert (acknowledged(heard), asked(heard)) == ([7], [])
    assert (refused(heard, Reason.UNKNOWN_CATALOGUE), heard.host().readings_heard) == (1, 1)


def test_a_backlog_may_bring_more_catalogues_than_a_host_keeps(heard: Story) -> None:
    said = [Catalogue([("node_network_up", [[f"eth{n}"]])]) for n in range(3 * PER_HOST)]
    late = [array(seq, 1.0, catalogue=one) for seq, one in enumerate(said)]

    receive(heard, Backlog("a", 1, 7, late, [], said))

    assert heard.host().readings_heard == 3 * PER_HOST
    assert refused(heard, Reason.UNKNOWN_CATALOGUE) == 0


def test_a_number_that_does_not_fit_holds_up_no_backlog(heard: Story) -> None:
    receive(heard, Backlog("a", 1, 7, [array(1, 1.0), array(2)], [], [LOADS]))

    assert (acknowledged(heard), refused(heard, Reason.WRONG_TYPE)) == ([7], 1)
    assert read(heard)["node_load1"] == 2.0


def test_a_host_keeps_few_catalogues_and_the_one_in_use(heard: Story) -> None:
    receive(heard, LOADS, array(1))

    for number in range(3 * PER_HOST):
        receive(heard, Catalogue([("node_load1", [[str(number)]])]), array(number + 2))
        heard.advance(heard.now + 1.0)

    assert len(heard.host().catalogues) == PER_HOST
    assert read(heard)["node_load1"] == 3 * PER_HOST + 1


def test_vitals_of_a_host_are_nothing_for_the_collector_to_look_at(heard: Story) -> None:
    """A fleet replaces all of them each ten seconds: an array a host stops the loop for 20 ms."""
    receive(heard, LOADS, array(1), array(2, None, 0.5))

    vitals = heard.host().vitals

    assert vitals is not None
    parts = [getattr(vitals, name) for name in vitals.__struct_fields__]
    seen = [part for part in (vitals, *parts) if gc.is_tracked(part)]
    assert seen == [vitals.catalogue]  # which a fleet has in common
