"""Readings of a host: the newest is kept, by the time at which it was taken."""

import itertools

import pytest

from aggregator.core.outputs import CameLate, Store
from aggregator.core.readings import KEEP_S
from aggregator.core.states import HostState
from tests.kit.machine import WALL
from tests.kit.story import HOST, Story
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import Backlog, CheckReading, Checks, Vitals
from venuewatch.base.wire.readings import Readings


@pytest.fixture
def heard(alone: Story) -> Story:
    """One host that is known and has never beaten, at 50 s."""
    alone.subscribe(0.0)
    alone.advance(50.0)
    return alone


def vitals(seq: int, taken_at: float, *, boot: str = "a") -> Vitals:
    return Vitals(boot, 1, seq, int((WALL + taken_at) * 1000), Readings(node_load1=float(seq)))


def checks(seq: int, taken_at: float, state: CheckState) -> Checks:
    wall_ms = int((WALL + taken_at) * 1000)
    reading = CheckReading(
        check="isp", kind="ping", state=state, every_s=30.0, wall_ms=wall_ms, duration_s=0.1
    )
    return Checks("a", 1, seq, wall_ms, [reading])


def receive(story: Story, *contents: Vitals | Checks | Backlog) -> None:
    story.deliver(*(story.machines[HOST].said(content) for content in contents))


def kept(story: Story) -> tuple[object, float]:
    """Return the load that is kept, which is the number of its vitals, and when it was taken."""
    vitals = story.host().vitals
    assert vitals is not None
    return vitals.values[0], vitals.at


def test_old_reading_does_not_replace_a_newer_one(heard: Story) -> None:
    receive(heard, vitals(9, 45.0), checks(9, 45.0, "ok"))

    receive(heard, Backlog("a", 1, 1, [vitals(3, 3.0)], [checks(3, 3.0, "critical")]))

    assert kept(heard)[0] == 9.0
    assert heard.host().checks["isp"].reading.state == "ok"


def test_clock_that_is_known_to_be_wrong_is_allowed_for(heard: Story) -> None:
    heard.host().clock_offset_s = 3_600.0

    receive(heard, vitals(1, 3_645.0))

    assert kept(heard)[1] == 45.0


@pytest.mark.parametrize(
    ("contents", "load", "taken_at"),
    [
        ([vitals(3, 45.0)], 3.0, 45.0),
        *(([vitals(3, 45.0), vitals(seq, 40.0 + seq)], 3.0, 45.0) for seq in (3, 2, 0)),
        ([vitals(300, 45.0), vitals(0, 46.0, boot="b")], 0.0, 46.0),
        ([Backlog("a", 1, 1, [vitals(1, 10.0), vitals(2, 20.0)])], 2.0, 20.0),
        ([vitals(1, 9_000.0)], 1.0, 50.0),
    ],
    ids=["first", "repeated", "overtaken", "older", "boot", "backlog", "future"],
)
def test_newest_is_kept_and_is_no_sign_of_life(
    heard: Story, contents: list[Vitals | Backlog], load: float, taken_at: float
) -> None:
    for content in contents:
        receive(heard, content)

    assert kept(heard) == (load, taken_at)
    assert (heard.state(), heard.host().evidence_at) == (HostState.UNSEEN, None)


def said_at(story: Story, *offsets_s: float | None) -> list[float]:
    """Return the times of the samples of vitals, each second, if the host's clock is so far ahead.

    They are taken 1 s before they come, each a second after the one before. A time is counted from
    when they come.
    """
    times = []
    for seq, offset_s in enumerate(offsets_s):
        story.host().clock_offset_s = offset_s
        receive(story, vitals(seq, story.now - 1.0 + (offset_s or 0.0)))
        known = story.host().vitals
        assert known is not None
        times.append(known.timestamp_ms / 1000 - WALL - story.now)
        story.advance(story.now + 10.0)
    return times


@pytest.mark.parametrize(
    ("offsets_s", "times"),
    [
        ([0.0, 1.9, -1.9], [-1.0, 0.9, -2.9]),
        ([2.1, 1.6, 1.4], [-1.0, -1.0, 0.4]),
        ([1.9, 2.4, 2.6, 1.6], [0.9, 1.4, -1.0, -1.0]),
        ([None], [0.0]),
        ([-3_600.0, 3_600.0], [-1.0, -1.0]),
    ],
    ids=["right", "becomes right", "becomes wrong", "not measured", "far off"],
)
def test_time_of_a_reading_is_by_the_hosts_clock_while_that_is_right(
    heard: Story, offsets_s: list[float | None], times: list[float]
) -> None:
    assert said_at(heard, *offsets_s) == pytest.approx(times, abs=0.001)


def test_times_of_live_readings_of_a_boot_rise_strictly(heard: Story) -> None:
    receive(heard, vitals(0, 49.0))
    first = heard.host().vitals
    receive(heard, vitals(1, 49.0))
    second = heard.host().vitals

    assert first is not None
    assert second is not None
    assert second.timestamp_ms == first.timestamp_ms + 1


@pytest.mark.parametrize(
    ("asked", "seqs"), [((1,), []), ((2,), [3]), ((3,), [2, 3]), ((3, 2), [2, 3])]
)
def test_so_many_readings_are_kept_as_a_scraper_asks_for(
    heard: Story, asked: tuple[int, ...], seqs: list[int]
) -> None:
    for count in asked:
        heard.centre.keep_readings(heard.now, count)

    for seq in range(5):
        receive(heard, vitals(seq, 40.0 + seq))
    receive(heard, vitals(9, 30.0))  # an old one

    known = heard.host().vitals
    assert known is not None
    assert [one.values[0] for one in known.earlier] == seqs
    assert [one.earlier for one in known.earlier] == [()] * len(seqs)


def test_fewer_readings_are_kept_once_no_scraper_asks_for_more(heard: Story) -> None:
    def kept() -> int:
        receive(heard, vitals(next(numbers), 40.0))
        known = heard.host().vitals
        assert known is not None
        return 1 + len(known.earlier)

    numbers = itertools.count()
    heard.centre.keep_readings(heard.now, 4)
    counts = [kept() for _ in range(5)]
    heard.advance(heard.now + KEEP_S - 1.0)
    heard.centre.keep_readings(heard.now, 2)
    counts.append(kept())
    heard.advance(heard.now + 1.0)

    counts += [kept(), kept()]
    heard.advance(heard.now + KEEP_S)
    counts.append(kept())

    assert counts == [1, 2, 3, 4, 4, 4, 2, 2, 1]


def test_readings_kept_have_times_before_the_latest(heard: Story) -> None:
    heard.centre.keep_readings(heard.now, 3)
    receive(heard, vitals(0, 40.0), vitals(1, 41.0))

    receive(heard, vitals(0, 41.0, boot="b"))

    known = heard.host().vitals
    assert known is not None
    times = [one.timestamp_ms for one in (*known.earlier, known)]
    assert times == sorted(set(times))


def times_said(story: Story, *contents: Vitals) -> list[float]:
    """Return the times of the samples of vitals that come 10 s apart, as s of the story."""
    times = []
    for content in contents:
        receive(story, content)
        known = story.host().vitals
        assert known is not None
        times.append(round(known.timestamp_ms / 1000 - WALL, 3))
        story.advance(story.now + 10.0)
    return times


def test_reading_from_before_its_clock_was_set_back_is_of_now(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0  # by the beat that came just before

    assert times_said(heard, vitals(0, 3_649.0), vitals(1, 59.0)) == [50.0, 59.0]


def test_times_follow_the_centres_clock_when_that_is_set_back(heard: Story) -> None:
    heard.wall_step_s, heard.host().clock_offset_s = 3_600.0, -3_600.0
    before = times_said(heard, vitals(0, 49.0))
    heard.wall_step_s, heard.host().clock_offset_s = 0.0, 0.0

    assert before + times_said(heard, vitals(1, 59.0)) == [3_649.0, 59.0]


def test_backlog_of_an_unknown_clock_takes_no_later_times_along(heard: Story) -> None:
    receive(heard, Backlog("a", 1, 1, [vitals(0, 3_649.0)]))
    heard.host().clock_offset_s = 3_600.0

    assert times_said(heard, vitals(1, 3_650.0)) == [50.0]


def came_late(story: Story) -> list[tuple[float, list[float]]]:
    """Return number and times (s of the story) of live readings that waited on their way."""
    return [
        (out.reading.seq, [one.timestamp_ms / 1000 - WALL for one in out.reading.known])
        for out in story.said()
        if isinstance(out, CameLate)
    ]


def test_live_readings_that_waited_on_their_way_are_said_with_their_times(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0

    receive(heard, vitals(1, 40.0), vitals(2, 45.0), vitals(3, 45.001), checks(1, 44.0, "ok"))

    assert came_late(heard) == [(1, [40.0]), (2, [45.0]), (1, [44.0])]
    assert [out for out in heard.said() if isinstance(out, Store) and out.readings] == []


@pytest.mark.parametrize(("offset_s", "count"), [(None, 0), (3_600.0, 1), (3_598.0, 0)])
def test_age_of_a_live_reading_is_by_the_clocks_as_they_are(
    heard: Story, offset_s: float | None, count: int
) -> None:
    heard.host().clock_offset_s = offset_s

    receive(heard, vitals(1, 3_644.0))

    assert len(came_late(heard)) == count


def test_a_reading_that_comes_again_did_not_come_late(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0
    receive(heard, vitals(1, 49.0))

    receive(heard, vitals(1, 40.0))

    assert came_late(heard) == []


def test_a_late_reading_keeps_its_own_time(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0
    receive(heard, vitals(1, 20.0), Backlog("a", 1, 1, [vitals(2, 20.0), vitals(3, 30.0)]))

    late = [reading for out in heard.said() if isinstance(out, Store) for reading in out.readings]
    assert [reading.known[0].timestamp_ms - int(WALL * 1000) for reading in late] == [
        20_000,
        30_000,
    ]
