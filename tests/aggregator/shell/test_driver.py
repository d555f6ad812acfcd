"""Driver: the loop around the centre, and the way of outputs to the outlets."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from aggregator.core.centre import Centre
from aggregator.core.incidents.record import IncidentChanged, Subject
from aggregator.core.inlets import LOOK_EVERY_S
from aggregator.core.outputs import Connected, Output, Store, Tell
from aggregator.core.slices import SLICE
from aggregator.core.verdicts.causes import Cause, Verdict
from aggregator.shell.driver import Driver
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.story import ALONE, fleet_of
from venuewatch.base import clock
from venuewatch.rehearsal.live.pages import Page


class Noting:
    """An outlet that notes each batch, and calls back for each output as the test says."""

    def __init__(self, call_back: Callable[[Output], None] = lambda _: None) -> None:
        self.batches: list[list[Output]] = []
        self.call_back = call_back

    def take(self, outputs: Sequence[Output]) -> None:
        self.batches.append(list(outputs))
        for output in outputs:
            self.call_back(output)


class Time:
    """Both clocks, at ``now``; ``timers`` are the times at which the driver wants to be woken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.wall_step_s = 0.0
        self.timers: list[float] = []
        self.call: Callable[[], None] = lambda: None
        self.handle: asyncio.TimerHandle
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)
        monkeypatch.setattr(clock, "wall", lambda: WALL + self.now + self.wall_step_s)
        monkeypatch.setattr(asyncio.get_running_loop(), "call_at", self._call_at)

    def _call_at(self, at: float, call: Callable[[], None], **_: Any) -> asyncio.TimerHandle:
        self.timers.append(at)
        self.call = call
        self.handle = asyncio.TimerHandle(at, call, (), asyncio.get_running_loop())
        return self.handle


@pytest.fixture
async def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def wall(time: Time) -> WallTime:
    return WallTime(time.now, WALL + time.now)


@pytest.fixture
def centre(time: Time) -> Centre:
    return Centre(fleet_of(ALONE), start=time.now)


@pytest.fixture
def metrics(centre: Centre) -> OwnMetrics:
    return OwnMetrics(centre, version="1")


@pytest.fixture
def driver(centre: Centre, wall: WallTime, metrics: OwnMetrics) -> Driver:
    return Driver(centre, wall, metrics)


@pytest.fixture
async def noting(driver: Driver) -> Noting:
    """The only outlet of a driver that has begun."""
    noting = Noting()
    driver.outlets = [noting]
    driver.begin()
    return noting


def is_again(output: object) -> bool:
    return isinstance(output, Store) and [each.number for each in output.incidents] == [1]


def begin_incident(driver: Driver) -> None:
    subject = Subject("feed", "STA", "alpha", "timing")
    driver.centre.decisions.incidents.begin(subject, Verdict(Cause.RESULTS_FROZEN), 100.0)


@pytest.mark.parametrize(
    "answer", [lambda driver, token: driver.stored([token]), Driver.not_stored]
)
async def test_outputs_of_a_callback_are_handed_out_behind(
    driver: Driver, answer: Callable[[Driver, int], None]
) -> None:
    def store(output: Output) -> None:
        if isinstance(output, Store) and output.changes:
            answer(driver, output.token)

    last = Noting()
    driver.outlets = [Noting(store), last]
    driver.begin()
    begin_incident(driver)
    last.batches.clear()

    driver.opened()

    (changed, *_, store_of_it), (tell,) = last.batches
    assert isinstance(changed, IncidentChanged)
    assert isinstance(store_of_it, Store)
    assert isinstance(tell, Tell)


async def test_the_timer_is_never_later_than_due(driver: Driver, time: Time) -> None:
    driver.begin()
    inlets: list[Callable[[], None]] = [
        driver.opened,
        lambda: driver.receive([]),
        lambda: driver.port_said("answers"),
        lambda: driver.stored([1]),
        lambda: driver.not_stored(1),
        lambda: driver.settled(["1-1"]),
        driver.lost,
    ]

    for inlet in inlets:
        time.now += 0.01
        inlet()

        assert time.timers[-1] <= driver.centre.due()
        assert not time.handle.cancelled()


async def test_an_earlier_due_time_takes_the_place_of_a_later_one(
    driver: Driver, time: Time
) -> None:
    driver.begin()
    later = time.handle
    driver.centre.decisions.due_at = at = time.now + 0.03

    driver.receive([])

    assert later.when() > at
    assert later.cancelled()
    assert time.timers[-1] == at


async def test_an_endless_flood_of_reads_does_not_put_off_the_timer(
    driver: Driver, time: Time
) -> None:
    driver.begin()
    due, first = time.timers[-1], time.handle

    for _ in range(100):  # each read is done before the timer has its turn
        time.now += 0.1
        driver.receive([])

    assert time.now > due
    assert not first.cancelled()


async def test_the_timer_wakes_the_centre_on_and_on(
    driver: Driver, metrics: OwnMetrics, time: Time
) -> None:
    driver.begin()

    for _ in range(20):
        time.now = time.timers[-1]
        time.call()

    assert time.now > 101.0
    assert time.timers == sorted(time.timers)
    assert Page(metrics.render()).value("venuewatch_aggregator_loop_lag_seconds") == 0


async def test_all_is_stored_before_a_new_journal_ends_what_it_does_not_know(
    driver: Driver, noting: Noting, time: Time
) -> None:
    """In a storm the core stores it later: until then nobody but us knows what is open."""
    begin_incident(driver)
    driver.receive([])
    noting.batches.clear()
    said: list[object] = []
    noting.call_back = said.append
    driver.centre.decisions.rest.begin(iter([None] * 3 * SLICE))  # a storm

    driver.store_all(lambda numbers: said.append(list(numbers)))
    for _ in range(10):
        await asyncio.sleep(0)
    at_first = list(said)
    while driver.centre.is_behind:
        time.call()
        await asyncio.sleep(0)
    await asyncio.sleep(0)

    kinds = [store for store in said if isinstance(store, list) or is_again(store)]
    assert at_first == []
    assert [type(each) for each in kinds] == [Store, list]
    assert kinds[-1] == [1]


async def test_a_wake_that_fails_is_not_the_last(
    driver: Driver, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a broker nothing but the timer wakes the centre."""

    def fail(*_: float) -> None:
        raise KeyError("a bug of ours")

    driver.begin()
    time.now = time.timers[-1]
    with monkeypatch.context() as broken:
        broken.setattr(driver.centre, "woke", fail)
        with pytest.raises(KeyError):
            time.call()
    again = time.timers[-1]

    assert time.now < again <= time.now + LOOK_EVERY_S
    time.now = again
    time.call()
    assert time.timers[-1] > again


async def test_nothing_is_handed_out_before_the_beginning(driver: Driver) -> None:
    noting = Noting()
    driver.outlets = [noting]

    driver.opened()
    before = list(noting.batches)
    driver.begin()

    assert before == []
    assert noting.batches[0][0] == Connected(100.0, "live")


async def test_the_end_stores_that_we_ran(driver: Driver, noting: Noting, time: Time) -> None:
    time.now += 0.01
    driver.end()

    (store,) = noting.batches[-1]
    assert isinstance(store, Store)
    assert (store.at, store.is_alive) == (time.now, True)


async def test_a_wake_follows_a_step_of_the_clock(
    driver: Driver, time: Time, wall: WallTime
) -> None:
    driver.begin()
    time.wall_step_s = 3_600.0

    time.now = time.timers[-1]
    time.call()

    assert wall.wall(time.now) == round(WALL + time.now + 3_600.0, 3)


async def test_a_failing_outlet_starves_no_other(
    driver: Driver, metrics: OwnMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(output: Output) -> None:
        raise KeyError(output) if isinstance(output, Connected) else OSError("a bug of ours")

    behind = Noting()
    driver.outlets = [Noting(fail), behind]
    driver.begin()
    for inlet in (driver.opened, driver.lost, driver.opened):
        inlet()

    assert [out.at for batch in behind.batches for out in batch if isinstance(out, Connected)]
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        OSError,
        KeyError,
    ]
    failures = Page(metrics.render()).value("venuewatch_aggregator_outlet_failures_total")
    assert failures == len(behind.batches) > 3


@pytest.mark.parametrize(
    "late", [Driver.lost, Driver.opened, Driver.end, lambda driver: driver.stored([1])]
)
async def test_nothing_is_woken_or_handed_out_after_the_end(
    driver: Driver, noting: Noting, time: Time, late: Callable[[Driver], None]
) -> None:
    begin_incident(driver)
    driver.end()
    timers, batches = len(time.timers), len(noting.batches)

    late(driver)

    assert (len(time.timers), len(noting.batches)) == (timers, batches)
    assert time.handle.cancelled()


@pytest.mark.parametrize("notice", ["woke", "receive"])
async def test_a_stall_shows_as_lag_whatever_finds_it(
    driver: Driver, metrics: OwnMetrics, time: Time, notice: str
) -> None:
    driver.outlets = [metrics]
    driver.begin()
    time.now = time.timers[-1] + 5.0

    if notice == "receive":
        driver.receive([])
    time.call()

    assert Page(metrics.render()).value("venuewatch_aggregator_loop_lag_seconds") == 5.0


async def test_calls_that_wait_in_a_storm_are_no_lag_of_the_loop(
    driver: Driver, metrics: OwnMetrics, time: Time
) -> None:
    driver.outlets = [metrics]
    driver.begin()
    driver.centre.decisions.rest.begin(iter([None] * 20 * SLICE))

    while driver.centre.is_behind:
        driver.receive([])
        time.now += 0.01
        time.call()

    lag_s = Page(metrics.render()).value("venuewatch_aggregator_loop_lag_seconds")
    assert 0.0 < lag_s < 0.011


async def test_a_jump_that_a_read_tells_has_the_new_wall_time(
    driver: Driver, noting: Noting, time: Time, wall: WallTime
) -> None:
    driver.receive(())
    noting.batches.clear()
    time.now += 0.1
    time.wall_step_s = 31_536_000.0

    driver.receive(())

    told = [out for batch in noting.batches for out in batch if isinstance(out, IncidentChanged)]
    assert [each.incident.cause for each in told] == [Cause.CLOCK_JUMP]
    assert wall.wall(told[0].at) == WALL + time.now + time.wall_step_s
