"""Backfill: what is written, in which order, and what the answers of receivers mean."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from aggregator.shell.outlets.remote_write.backfill import (
    SAMPLES_AT_ONCE,
    Answer,
    Backfill,
    Batch,
    Reason,
    meaning_of,
)
from aggregator.shell.outlets.remote_write.instants import Instant
from tests.aggregator.shell.outlets.remote_write.backlogs import AT, each
from tests.kit.machine import WALL

WINDOW_S = 100.0
NOW = WALL + AT


@pytest.fixture
def backfill() -> Backfill:
    return Backfill(window_s=WINDOW_S)


def ages(batch: Batch) -> list[float]:
    return [round(AT - (one.timestamp_ms / 1000 - WALL), 3) for one in batch]


def of_host(host: str, instants: list[Instant]) -> Iterator[Instant]:
    return (one._replace(host=host) for one in instants)


def test_times_outside_the_window_are_dropped_and_never_moved(backfill: Backfill) -> None:
    backfill.add(each([AT - 100.001, AT - 100.0, AT - 50.0, AT, AT + 0.001]))

    assert ages(backfill.batch(NOW)) == [100.0, 50.0, 0.0]
    assert backfill.dropped[Reason.OUTSIDE_WINDOW] == 2
    assert backfill.pending == 3


def test_what_falls_out_of_the_window_while_it_waits_is_dropped(backfill: Backfill) -> None:
    backfill.add(each([AT - 90.0, AT - 10.0]))
    backfill.batch(NOW)
    backfill.take_answer(Answer.LATER)

    assert ages(backfill.batch(NOW + 20.0)) == [10.0]
    assert backfill.batch(NOW + 200.0) == ()
    assert (backfill.dropped[Reason.OUTSIDE_WINDOW], backfill.pending) == (2, 0)


def test_batch_is_of_one_host_the_oldest_first(backfill: Backfill) -> None:
    backfill.add(of_host("a", each([8.0, 5.0])))
    backfill.add(of_host("b", each([7.0])))
    backfill.add(of_host("a", each([6.0])))

    batches = []
    while batch := backfill.batch(NOW):
        batches.append([(one.host, AT - age) for one, age in zip(batch, ages(batch), strict=True)])
        backfill.take_answer(Answer.WRITTEN)

    assert batches == [[("a", 5.0), ("a", 6.0), ("a", 8.0)], [("b", 7.0)]]
    assert (backfill.written, backfill.pending) == (4, 0)


def test_hosts_take_turns(backfill: Backfill) -> None:
    whole = [one._replace(size=SAMPLES_AT_ONCE) for one in each([1.0, 2.0])]
    backfill.add([*of_host("a", whole), *of_host("b", whole)])

    turns = []
    while batch := backfill.batch(NOW):
        turns.append([one.host for one in batch])
        backfill.take_answer(Answer.WRITTEN)

    assert turns == [["a"], ["b"], ["a"], ["b"]]


def test_batch_that_could_not_be_written_is_the_next_again(backfill: Backfill) -> None:
    backfill.add(each([1.0, 2.0]))
    first = backfill.batch(NOW)
    backfill.take_answer(Answer.LATER)

    assert backfill.batch(NOW) == first


def test_batch_that_could_not_be_written_holds_up_no_other_host(backfill: Backfill) -> None:
    backfill.add(of_host("a", each([1.0, 2.0, 3.0])))
    backfill.add(of_host("b", each([3.0])))
    backfill.batch(NOW)
    backfill.take_answer(Answer.TOO_OLD)
    backfill.batch(NOW)
    backfill.take_answer(Answer.LATER)

    (of_b,) = backfill.batch(NOW)
    backfill.take_answer(Answer.WRITTEN)

    assert of_b.host == "b"
    assert ages(backfill.batch(NOW)) == [AT - 1.0, AT - 2.0, AT - 3.0]
    assert backfill.pending == 3


def test_only_what_is_too_old_is_dropped_of_a_batch(backfill: Backfill) -> None:
    backfill.add(each([1.0, 2.0, 3.0, 4.0, 5.0]))

    while batch := backfill.batch(NOW):
        is_too_old = max(ages(batch)) > AT - 2.5
        backfill.take_answer(Answer.TOO_OLD if is_too_old else Answer.WRITTEN)

    assert (backfill.dropped[Reason.TOO_OLD], backfill.written, backfill.pending) == (2, 3, 0)


def test_refused_batch_is_dropped_whole(backfill: Backfill) -> None:
    backfill.add(each([1.0, 2.0]))
    backfill.batch(NOW)

    backfill.take_answer(Answer.REFUSED)

    assert (backfill.dropped[Reason.REFUSED], backfill.pending) == (2, 0)
    assert backfill.batch(NOW) == ()


def test_full_queue_drops_the_oldest_of_the_host_that_has_most() -> None:
    backfill = Backfill(window_s=WINDOW_S, samples_max=4)

    backfill.add(of_host("a", each([1.0, 2.0])))
    for time in range(1, 8):
        backfill.add(of_host("mad", each([float(time)])))

    assert (backfill.dropped[Reason.QUEUE_FULL], backfill.pending) == (5, 4)
    assert ages(backfill.batch(NOW)) == [AT - 1.0, AT - 2.0]
    backfill.take_answer(Answer.WRITTEN)
    assert ages(backfill.batch(NOW)) == [AT - 6.0, AT - 7.0]


def test_full_queue_leaves_alone_what_is_under_way() -> None:
    backfill = Backfill(window_s=WINDOW_S, samples_max=2)
    backfill.add(each([1.0, 2.0]))
    backfill.batch(NOW)

    backfill.add(of_host("b", each([3.0])))
    backfill.take_answer(Answer.WRITTEN)

    assert (backfill.dropped[Reason.QUEUE_FULL], backfill.written, backfill.pending) == (1, 2, 0)


@pytest.mark.parametrize(
    ("status", "text", "answer"),
    [
        (200, "", Answer.WRITTEN),
        (204, "", Answer.WRITTEN),
        (500, "too old sample\n", Answer.TOO_OLD),
        (400, "too old sample\n", Answer.TOO_OLD),
        (400, "out of bounds\n", Answer.TOO_OLD),
        (400, "out of order sample\n", Answer.TOO_OLD),
        (400, "duplicate sample for timestamp\n", Answer.TOO_OLD),
        (400, "failed: (err-mimir-sample-timestamp-too-old)", Answer.TOO_OLD),
        (409, "store locally: add 1 samples: Out of order sample", Answer.TOO_OLD),
        (400, "snappy: corrupt input", Answer.REFUSED),
        (413, "", Answer.REFUSED),
        (422, "", Answer.REFUSED),
        (401, "Unauthorized", Answer.LATER),
        (404, "remote write receiver is not enabled", Answer.LATER),
        (408, "", Answer.LATER),
        (429, "ingestion rate limit, too old", Answer.LATER),
        (500, "no space left on device", Answer.LATER),
        (502, "", Answer.LATER),
        (503, "Service Unavailable: too old", Answer.LATER),
        (302, "", Answer.LATER),
    ],
)
def test_meaning_of_an_answer(status: int, text: str, answer: Answer) -> None:
    assert meaning_of(status, text) is answer


def test_time_before_1970_is_dropped_where_our_clock_was_never_set(backfill: Backfill) -> None:
    (one,) = each([1.0])
    backfill.add([one._replace(known=replace(one.known, timestamp_ms=-1))])

    assert backfill.batch(WINDOW_S / 2) == ()
    assert backfill.dropped[Reason.OUTSIDE_WINDOW] == 1
