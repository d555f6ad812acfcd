"""Stores, and what waits for them: acknowledgements of backlogs, and notices of incidents."""

from typing import TypeVar

import pytest

from aggregator.core.centre import LOOK_APART_S, SAVE_EVERY_S
from aggregator.core.dedup import HeardRanges
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import Moment, Publish, Store, Tell
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.storing import NUMBERINGS_AT_ONCE
from tests.kit.machine import WALL
from tests.kit.story import HOST, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Acknowledge, Backlog, Grant
from venuewatch.base.wire.topics import Stream

T = TypeVar("T")


@pytest.fixture
def silent_journal(alone: Story) -> Story:
    """One host that is up, and a journal that does not answer."""
    alone.begin()
    alone.stores = None
    return alone


def receive(story: Story, *seqs: int, number: int | None = None) -> None:
    """Deliver vitals, each by itself, or as backlog ``number``."""
    machine = story.machines[HOST]
    if number is None:
        story.deliver(*(machine.vitals(seq, seq) for seq in seqs))
    else:
        story.deliver(machine.backlog(number, *seqs))


def of_kind(story: Story, kind: type[T]) -> list[T]:
    return [out for out in story.said() if isinstance(out, kind)]


def acknowledged(story: Story) -> list[Publish]:
    return [out for out in of_kind(story, Publish) if isinstance(out.message, Acknowledge)]


def store_of(story: Story) -> Store:
    """Return the only store since the last call, apart from the regular ones."""
    (store,) = [store for store in of_kind(story, Store) if not store.is_alive]
    return store


def settle(story: Story, answers: str, token: int) -> list[list[type]]:
    """Answer a store, ``+`` for stored and ``-`` for not; return what each answer released."""
    released: list[list[type]] = []
    for answer in answers:
        inlet = story.centre.stored if answer == "+" else story.centre.not_stored
        inlet(story.now, token)
        released.append([type(out) for out in story.centre.take()])
    return released


# Backlogs


def test_backlog_is_stored_without_what_came_live(silent_journal: Story) -> None:
    receive(silent_journal, 1)

    receive(silent_journal, 1, 2, number=7)

    store = store_of(silent_journal)
    assert [(late.host, late.stream, late.seq) for late in store.readings] == [(HOST, "vitals", 2)]
    assert store.heard == [HeardRanges(HOST, "vitals", "b1", [(1, 2)])]
    assert silent_journal.centre.reception.readings.dedup.repeats == 1


@pytest.mark.parametrize(
    ("answers", "released"),
    [
        ("+", [[Publish]]),
        ("++", [[Publish], []]),
        ("-", [[]]),
        ("--+", [[], [], [Publish]]),
        ("-+-", [[], [Publish], []]),
    ],
)
def test_backlog_is_never_acknowledged_before_it_is_stored(
    silent_journal: Story, answers: str, released: list[list[type]]
) -> None:
    receive(silent_journal, 1, number=7)

    assert settle(silent_journal, answers, store_of(silent_journal).token) == released


def test_backlog_without_news_is_acknowledged_all_the_same(alone: Story) -> None:
    alone.begin()
    receive(alone, 1, number=1)
    alone.forget()

    receive(alone, 1, number=1)

    said = alone.said()
    (store,) = [out for out in said if isinstance(out, Store)]
    assert store.readings == []
    assert Acknowledge("b1", 1) in [out.message for out in said if isinstance(out, Publish)]


def test_each_store_releases_only_what_is_in_it(silent_journal: Story) -> None:
    tokens = []
    for number in (1, 2):
        receive(silent_journal, number, number=number)
        tokens.append(store_of(silent_journal).token)

    silent_journal.centre.stored(silent_journal.now, tokens[1])
    silent_journal.look()

    topic = topics.topic("STA", HOST, Stream.CMD)
    assert acknowledged(silent_journal) == [Publish(topic, Acknowledge("b1", 2), qos=1)]
    assert settle(silent_journal, "+", 9_999) == [[]]


def test_backlog_counts_as_unstored_until_the_journal_has_it(silent_journal: Story) -> None:
    storing = silent_journal.centre._storing  # noqa: SLF001 - credit reads it
    receive(silent_journal, 1, number=7)
    before, token = storing.unstored_bytes, store_of(silent_journal).token

    silent_journal.centre.not_stored(silent_journal.now, token)
    refused = storing.unstored_bytes
    silent_journal.centre.stored(silent_journal.now, token)

    assert before == refused > 0
    assert storing.unstored_bytes == 0


def test_a_question_for_credit_is_granted_and_not_stored(alone: Story) -> None:
    alone.begin()
    alone.forget()

    alone.deliver(alone.machines[HOST].said(Backlog("b1", 1, 0, sent=40, waiting=5)))
    alone.run(0.5)

    said = alone.said()
    published = [out.message for out in said if isinstance(out, Publish)]
    (grant,) = [message for message in published if isinstance(message, Grant)]
    assert (grant.boot, grant.by) == ("b1", "aggregator")
    assert grant.up_to > 40
    assert all(out.is_alive for out in said if isinstance(out, Store))


def test_backlog_that_fills_a_gap_leaves_nothing_missing(alone: Story) -> None:
    alone.begin()
    receive(alone, 1, 5)
    missing_before = alone.host().readings_missing

    receive(alone, 2, 3, 4, number=1)

    assert (missing_before, alone.host().readings_missing) == (3, 0)
    assert alone.host().readings_heard == 5


# Notices


@pytest.mark.parametrize(
    ("answers", "released"),
    [
        ("+", [[Tell]]),
        ("++", [[Tell], []]),
        ("-", [[Tell]]),
        ("-+", [[Tell], []]),
        ("--", [[Tell], []]),
    ],
)
def test_notice_is_sent_once_whatever_the_journal_answers(
    silent_journal: Story, answers: str, released: list[list[type]]
) -> None:
    silent_journal.advance(2.5)
    silent_journal.forget()

    silent_journal.advance(2.8)

    said = silent_journal.said()
    assert not any(isinstance(out, Tell) for out in said)
    (change,) = [out for out in said if isinstance(out, IncidentChanged)]
    (store,) = [out for out in said if isinstance(out, Store) and change in out.changes]
    assert store.incidents[-1].number == change.incident.number
    assert [(known.name, known.state) for known in store.hosts] == [(HOST, HostState.DOWN)]
    assert settle(silent_journal, answers, store.token) == released


def test_notice_names_the_change_that_was_stored(alone: Story) -> None:
    alone.begin()
    alone.advance(2.8)

    said = alone.said()

    changes = [out for out in said if isinstance(out, IncidentChanged)]
    assert [out.changed for out in said if isinstance(out, Tell)] == changes != []


def test_correction_is_stored_and_no_notice(story: Story) -> None:
    story.mute("s1", run_s=6.0)
    story.unmute("s1", run_s=5.0)
    story.forget()

    story.deliver(story.machines["s1"].backlog(1, 8.0))

    said = story.said()
    (store,) = [out for out in said if isinstance(out, Store) and out.incidents]
    assert [(change.change, change.seq) for change in store.changes] == [("corrected", 0)]  # type: ignore[union-attr]
    assert not any(isinstance(out, Tell) for out in said)


def test_settled_notices_are_stored(alone: Story) -> None:
    alone.begin()

    alone.centre.notice_settled(alone.now, ["1/1", "1/2"])
    alone.look()

    assert store_of(alone).settled == ("1/1", "1/2")


# Numbers of live readings


def test_live_readings_are_stored_as_numbers_from_time_to_time(alone: Story) -> None:
    alone.begin()
    receive(alone, 0, 1, 4)
    assert of_kind(alone, Store) == []

    alone.advance(SAVE_EVERY_S)
    (store,) = [store for store in of_kind(alone, Store) if store.is_alive]
    assert store.readings == ()
    assert store.heard == [HeardRanges(HOST, "vitals", "b1", [(0, 1), (4, 4)])]

    receive(alone, 4)
    alone.centre.stop(alone.now)
    alone.look()
    (last,) = of_kind(alone, Store)
    assert (last.is_alive, last.heard) == (True, [])


def test_numbers_of_a_large_fleet_are_stored_a_part_at_a_time(alone: Story) -> None:
    alone.begin()
    hosts = [f"host-{number}" for number in range(2 * NUMBERINGS_AT_ONCE + 1)]
    for host in hosts:
        alone.centre.reception.readings.dedup.add(host, "b1", "vitals", 0)

    alone.advance(SAVE_EVERY_S + 2 * LOOK_APART_S)

    stores = [store for store in of_kind(alone, Store) if store.is_alive]
    parts = [len(store.heard) for store in stores]
    assert parts == [NUMBERINGS_AT_ONCE, NUMBERINGS_AT_ONCE, 1]
    assert [page.host for store in stores for page in store.heard] == hosts

    alone.advance(alone.now + SAVE_EVERY_S)
    assert [store.heard for store in of_kind(alone, Store) if store.is_alive] == [[]]


def test_numbers_with_many_gaps_are_stored_a_smaller_part_at_a_time(alone: Story) -> None:
    """A fleet on a line that loses messages: each gap is one more range to be stored."""
    alone.begin()
    dedup = alone.centre.reception.readings.dedup
    hosts = [f"host-{number}" for number in range(NUMBERINGS_AT_ONCE // 5)]
    for host in hosts:
        for number in range(0, 200, 2):
            dedup.add(host, "b1", "vitals", number)

    alone.advance(SAVE_EVERY_S + 10 * LOOK_APART_S)

    stores = [store for store in of_kind(alone, Store) if store.is_alive]
    assert [page.host for store in stores for page in store.heard] == hosts
    ranges = [sum(len(page.ranges) for page in store.heard) for store in stores]
    assert max(ranges) <= 4 * NUMBERINGS_AT_ONCE


def test_what_is_stored_again_brings_the_numbers_of_its_own_hosts_alone(alone: Story) -> None:
    """A piece at a time: a large fleet's numbers would be one long piece of work."""
    alone.begin()
    dedup = alone.centre.reception.readings.dedup
    for host in (HOST, "elsewhere"):
        dedup.add(host, "b1", "vitals", 0)

    alone.centre.store_again(alone.now, [HOST], [])

    (store,) = [each for each in alone.centre.take() if isinstance(each, Store)]
    assert [page.host for page in store.heard] == [HOST]
    assert [page.host for page in dedup.changed()] == ["elsewhere"]


def test_backlog_is_stored_with_the_numbers_of_its_own_host_alone(alone: Story) -> None:
    alone.begin()
    dedup = alone.centre.reception.readings.dedup
    dedup.add("elsewhere", "b1", "vitals", 0)
    receive(alone, 1)

    receive(alone, 1, number=7)  # nothing in it is new: acknowledged all the same

    assert [page.host for page in store_of(alone).heard] == [HOST]
    assert dedup.changed() == [HeardRanges("elsewhere", "vitals", "b1", [(0, 0)])]


def test_next_process_knows_which_readings_came(alone: Story) -> None:
    alone.begin()
    receive(alone, 0, 1, 4)
    alone.advance(SAVE_EVERY_S)
    heard = [each for store in of_kind(alone, Store) for each in store.heard]

    alone.restart(Memory(heard=heard, alive=Moment(alone.now, WALL + alone.now)))
    alone.forget()
    receive(alone, 1, 2, number=1)

    assert [late.seq for late in store_of(alone).readings] == [2]
    assert (alone.host().readings_heard, alone.host().readings_missing) == (4, 1)
