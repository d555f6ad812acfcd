"""Storms are gone through in slices: the order of all that is decided stays, and nothing waits."""

from itertools import pairwise

import pytest

from aggregator.core import inlets, slices
from aggregator.core.centre import Centre
from aggregator.core.outputs import Connected, Disconnected, HostChanged, Output, Store
from aggregator.core.slices import MESSAGES_AT_ONCE, MESSAGES_OF_CALLS, SLICE
from aggregator.core.states import HostState
from tests.kit.machine import WALL
from tests.kit.story import Story
from tests.kit.traces import decided

VENUES = {f"V{venue}": tuple(f"v{venue}-{host}" for host in range(60)) for venue in range(8)}
HOSTS = sum(map(len, VENUES.values()))
MANY = 2 * SLICE


@pytest.fixture
def storm() -> Story:
    """A fleet of several slices, all of it up."""
    return Story(VENUES).bring_up()


def slices_of(centre: Centre, now: float) -> list[list[Output]]:
    """Wake the core until no work is left; return what came of each slice."""
    slices = [centre.take()]
    while centre.is_behind:
        assert centre.due() <= now
        centre.woke(now)
        slices.append(centre.take())
    return slices


def changed(outputs: list[Output]) -> list[str]:
    return [output.host for output in outputs if isinstance(output, HostChanged)]


def test_going_blind_is_done_in_slices_in_the_order_of_the_fleet(storm: Story) -> None:
    storm.centre.lost(storm.now)

    slices = slices_of(storm.centre, storm.now)

    hosts = [host for outputs in slices for host in changed(outputs)]
    assert hosts == [host.name for host in storm.centre.fleet]
    assert max(len(changed(outputs)) for outputs in slices) <= MANY
    assert {storm.state(host) for host in hosts} == {HostState.UNKNOWN}


def test_beats_in_the_midst_of_a_storm_come_after_it(storm: Story) -> None:
    machine = storm.machines["v0-0"]
    storm.centre.lost(storm.now)
    storm.centre.opened(storm.now)
    storm.centre.receive(storm.now, [machine.beat(storm.now)], WALL + storm.now)

    outputs = [each for one in slices_of(storm.centre, storm.now) for each in one]

    kinds = [type(each) for each in outputs]
    assert kinds.index(Disconnected) < kinds.index(Connected)
    of_host = [each.after for each in outputs if isinstance(each, HostChanged)]
    assert of_host == [*[HostState.UNKNOWN] * HOSTS, HostState.UP]
    assert storm.state("v0-0") is HostState.UP


def test_many_beats_of_one_read_are_heard_in_slices(storm: Story) -> None:
    storm.lose_connection()
    storm.canary_s = 0.0
    storm.centre.opened(storm.now)
    slices_of(storm.centre, storm.now)
    beats = [machine.beat(storm.now) for machine in storm.machines.values()]

    storm.centre.receive(storm.now, beats, WALL + storm.now)
    slices = slices_of(storm.centre, storm.now)

    assert len(slices) >= HOSTS / MANY
    assert max(len(changed(outputs)) for outputs in slices) <= MANY
    assert {storm.state(host) for host in storm.machines} == {HostState.UP}


def test_calls_that_come_together_in_a_storm_are_no_slices_of_their_own(storm: Story) -> None:
    storm.centre.lost(storm.now)
    first = len(changed(storm.centre.take()))

    for token in range(100):  # a journal that was busy answers for all it has stored
        storm.centre.stored(storm.now, token)
    at_once = changed(storm.centre.take())
    storm.centre.woke(storm.now)
    next_slice = changed(storm.centre.take())

    assert 0 < first <= MANY
    assert at_once == []
    assert 0 < len(next_slice) <= MANY


def test_messages_that_have_waited_are_taken_in_a_slice_at_a_time(storm: Story) -> None:
    centre, beats = storm.centre, [each.beat(storm.now) for each in storm.machines.values()]
    centre.lost(storm.now)
    centre.opened(storm.now)
    for beat in beats * 2:
        centre.receive(storm.now, [beat], WALL + storm.now)

    heard = [centre.intake.heard["beat"]]
    while centre.is_behind:
        centre.woke(storm.now)
        heard.append(centre.intake.heard["beat"])

    taken = [after - before for before, after in pairwise(heard)]
    assert sum(taken) == 2 * HOSTS
    assert max(taken) <= MESSAGES_OF_CALLS


def test_messages_of_one_call_are_taken_in_a_slice_at_a_time(storm: Story) -> None:
    centre, beats = storm.centre, [each.beat(storm.now) for each in storm.machines.values()]
    before = centre.intake.heard["beat"]

    centre.receive(storm.now, beats * 5, WALL + storm.now)
    taken = [centre.intake.heard["beat"] - before]
    while centre.is_behind:
        centre.woke(storm.now)
        taken.append(centre.intake.heard["beat"] - before)

    assert sorted(set(taken)) == [MESSAGES_AT_ONCE, 2 * MESSAGES_AT_ONCE, 5 * HOSTS]


def test_work_that_is_left_is_done_before_the_end(storm: Story) -> None:
    storm.centre.lost(storm.now)

    storm.centre.stop(storm.now)

    assert len(changed(storm.centre.take())) == HOSTS
    assert not storm.centre.is_behind


def test_last_numbers_are_stored_also_when_the_end_comes_late(
    storm: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lag is credited first, which is more than a slice in a large fleet."""
    monkeypatch.setattr(slices, "SLICE", 10)
    late = storm.now + 60.0
    storm.centre.reception.readings.dedup.add("v0-0", "b1", "vitals", 0)
    storm.centre.take()

    storm.centre.stop(late)

    stores = [each for each in storm.centre.take() if isinstance(each, Store)]
    assert not storm.centre.is_behind
    assert [page.host for store in stores if store.is_alive for page in store.heard] == ["v0-0"]


def test_a_flood_waits_before_us_once_much_waits_in_us(
    storm: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read brings more than a slice takes in: reading goes on at the pace of the slices."""
    monkeypatch.setattr(inlets, "UNREAD_MAX", 5_000)
    centre, flood = storm.centre, [storm.machines["v0-0"].beat(storm.now)] * 2_500
    unread = []

    for _ in range(50):
        centre.receive(storm.now, flood, WALL + storm.now)
        centre.woke(storm.now)
        unread.append(centre.unread)
    waited = max(unread)
    centre.finish(storm.now)

    assert 2_500 < waited <= 5_000
    assert centre.unread == 0


def test_fork_in_a_storm_stands_after_it(storm: Story) -> None:
    storm.centre.lost(storm.now)

    forked = storm.centre.fork()

    states = {host.state for host in forked.fleet}
    assert (states, forked.is_behind) == ({HostState.UNKNOWN}, False)


def test_whole_and_sliced_storms_decide_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[Output]:
        story = Story(VENUES).bring_up()
        story.reconnect(10.0, *(name for name in story.machines if name != "v0-1"))
        story.run(30.0)
        return decided(story.said())

    sliced = told()
    for module in ("centre", "inlets", "slices"):
        monkeypatch.setattr(f"aggregator.core.{module}.SLICE", 1_000_000)

    assert told() == sliced
    assert len(sliced) > HOSTS
