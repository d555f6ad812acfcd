"""Outlet to a remote-write receiver: what comes late is written once, or dropped and counted."""

import asyncio

import pytest

from aggregator.core.outputs import CameLate, HostChanged
from aggregator.core.states import HostState, Trigger
from aggregator.shell.outlets.remote_write import backfill as module
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.remote_write import written
from tests.aggregator.shell.outlets.remote_write.backlogs import (
    AT,
    check,
    checks,
    late,
    slow,
    vitals,
    wall_ms,
)
from tests.aggregator.shell.outlets.remote_write.receiver import NAME, writing
from tests.kit.receiver import Answer, Receiver, timeout_s_for
from tests.kit.story import HOST
from tests.kit.waiting import until


def times(receiver: Receiver) -> list[list[float]]:
    """Return when (s of the story) the samples of each request were read."""
    start = wall_ms(0.0)
    return [
        [(time - start) / 1000 for _, time in sent.body[0].samples] for sent in receiver.attempts
    ]


async def test_late_readings_are_written_as_the_specification_has_it(receiver: Receiver) -> None:
    async with writing(receiver) as writer:
        writer.send(5.0, 15.0)
        await until(lambda: writer.is_done)

    (sent,) = receiver.attempts
    assert sent.body == [
        written.WrittenSeries(
            [
                ("__name__", "node_load1"),
                ("host", HOST),
                ("instance", HOST),
                ("job", "node"),
                ("venue", "STA"),
            ],
            [(0.0, wall_ms(5.0)), (1.0, wall_ms(15.0))],
        )
    ]
    assert sent.headers["Content-Encoding"] == "snappy"
    assert sent.headers["Content-Type"] == "application/x-protobuf"
    assert sent.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert writer.counted() == (2, {})


async def test_live_reading_that_came_late_is_written_too(receiver: Receiver) -> None:
    (reading,) = late(vitals(1, 5.0))

    async with writing(receiver) as writer:
        writer.outlet.take([CameLate(reading)])
        await until(lambda: writer.is_done)

    assert times(receiver) == [[5.0]]


async def test_nothing_is_dropped_for_its_age_while_our_clock_is_in_doubt(
    receiver: Receiver,
) -> None:
    receiver.why = "too old sample\n"
    receiver.answers += [400, 500]
    async with writing(receiver, window_s=60.0) as writer:
        writer.is_in_doubt = True
        writer.send(5.0 - 31_536_000.0)
        await receiver.until_attempts(3)
        await until(lambda: writer.is_done)

    assert writer.counted() == (1, {})


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        (HostState.UP, HostState.DOWN, 1),
        (HostState.LATE, HostState.UNREACHABLE, 1),
        (HostState.UP, HostState.UNKNOWN, 1),
        (HostState.UP, HostState.LATE, 0),
        (HostState.UNKNOWN, HostState.DOWN, 0),
    ],
)
async def test_last_readings_of_a_host_whose_series_end_are_written(
    receiver: Receiver, before: HostState, after: HostState, count: int
) -> None:
    readings = late(vitals(1, 5.0), checks(1, check(5.0), slow(5.0)))
    async with writing(receiver) as writer:
        host = writer.fleet.named(HOST)
        (host.vitals,) = readings[0].known  # type: ignore[assignment]
        host.checks = {one.reading.check: one for one in readings[1].known}  # type: ignore[union-attr, misc]

        changed = HostChanged(0.0, "STA", HOST, before, after, Trigger.BLINDED, None)
        writer.outlet.take([changed])
        await until(lambda: writer.is_done)

    assert len(receiver.attempts) == count
    checked = {dict(one.labels).get("check") for sent in receiver.attempts for one in sent.body}
    assert checked == ({None, "isp"} if count else set())


async def test_loop_goes_on_while_a_whole_fleet_is_lost(receiver: Receiver) -> None:
    hosts, turns = 20, 0
    lost = HostChanged(0.0, "STA", HOST, HostState.UP, HostState.UNKNOWN, Trigger.BLINDED, None)
    async with writing(receiver) as writer:
        (writer.fleet.named(HOST).vitals,) = late(vitals(1, 5.0))[0].known  # type: ignore[assignment]

        writer.outlet.take([lost] * hosts)
        while writer.outlet.backfill.pending < hosts:
            await asyncio.sleep(0)
            turns += 1

    assert turns >= hosts


@pytest.mark.parametrize("answer", [500, 503, 401, 404, 408, 429, 302, "hang", "hang_up"])
async def test_request_that_failed_is_tried_again(receiver: Receiver, answer: Answer) -> None:
    receiver.answers += [answer, answer]

    async with writing(receiver, timeout_s=timeout_s_for(answer)) as writer:
        writer.send(5.0)
        await until(lambda: writer.is_done)

    assert times(receiver) == [[5.0]] * 3
    assert writer.counted() == (1, {})


async def test_samples_and_token_are_for_the_named_address_alone(receiver: Receiver) -> None:
    async with Receiver.serving() as stranger:
        stranger.decode = bytes
        receiver.location = stranger.url
        receiver.answers += [307]
        async with writing(receiver) as writer:
            writer.send(5.0)
            await until(lambda: writer.is_done)

    assert stranger.attempts == []


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_refused_samples_are_dropped_counted_and_logged_once(
    receiver: Receiver, status: int, whys: Whys
) -> None:
    receiver.answers += [status, status]

    async with writing(receiver) as writer:
        for number in range(3):
            writer.send(float(number))
            await receiver.until_attempts(number + 1)
        await until(lambda: writer.is_done)

    assert writer.counted() == (1, {"refused": 2})
    assert whys("remote_write_fails") == [f"it answers {status}"]
    assert whys("remote_write_drops") == ["the receiver refuses them"]


@pytest.mark.parametrize("status", [400, 500])
async def test_too_old_samples_are_dropped_whatever_the_status(
    receiver: Receiver, status: int, whys: Whys
) -> None:
    receiver.why = "too old sample\n"
    receiver.answers += [status, status, status]

    async with writing(receiver) as writer:
        writer.send(1.0, 2.0, 3.0, 4.0)
        await until(lambda: writer.is_done)

    assert times(receiver) == [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0], [1.0], [2.0], [3.0, 4.0]]
    assert writer.counted() == (3, {"too_old": 1})
    assert whys("remote_write_drops") == ["the receiver refuses them for their time"]


async def test_times_outside_the_window_are_never_sent(receiver: Receiver, whys: Whys) -> None:
    async with writing(receiver, window_s=10.0) as writer:
        writer.send(AT - 11.0, AT - 9.0, AT + 1.0)
        await until(lambda: writer.is_done)

    assert times(receiver) == [[AT - 9.0]]
    assert writer.counted() == (1, {"outside_window": 2})
    assert whys("remote_write_drops") == ["they are older than window_s, or of the future"]


async def test_waits_grow_and_each_trouble_is_logged_once(receiver: Receiver, whys: Whys) -> None:
    receiver.answers += [500, 500, 500, 503]

    async with writing(receiver, retry_max_s=2.0) as writer:
        writer.send(5.0)
        await until(lambda: writer.is_done)

    assert whys("remote_write_fails") == ["it answers 500", "it answers 503"]
    assert writer.chance.ceilings == [1, 2, 2, 2]


async def test_receiver_that_is_away_is_waited_for(receiver: Receiver, whys: Whys) -> None:
    await receiver.stop()

    async with writing(receiver) as writer:
        writer.send(5.0)
        await writer.chance.asked(3)
        assert writer.page().value(f"{NAME}_pending") == 1
        await receiver.start()
        await until(lambda: writer.is_done)

    assert times(receiver) == [[5.0]]
    assert whys("remote_write_fails") == ["nothing listens there"]


async def test_full_queue_drops_the_oldest_and_says_so(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, whys: Whys
) -> None:
    monkeypatch.setattr(module.Backfill.__init__, "__kwdefaults__", {"samples_max": 2})

    async with writing(receiver) as writer:
        writer.send(1.0, 2.0, 3.0)
        await until(lambda: writer.is_done)

    assert times(receiver) == [[2.0, 3.0]]
    assert writer.counted() == (2, {"queue_full": 1})
    assert len(whys("remote_write_drops")) == 1
