import math

from venuewatch.rehearsal.world.loop import Alarm, Loop


def test_what_is_due_happens_in_order_and_at_its_time() -> None:
    loop, seen = Loop(), []
    loop.at(2.0, lambda: seen.append(("b", loop.now)))
    loop.at(1.0, lambda: seen.append(("a", loop.now)))
    loop.at(2.0, lambda: seen.append(("c", loop.now)))

    loop.run(until=3.0)

    assert seen == [("a", 1.0), ("b", 2.0), ("c", 2.0)]
    assert loop.now == 3.0


def test_an_alarm_rings_only_when_it_was_last_set_for() -> None:
    loop, rang = Loop(), []
    alarm = Alarm(loop, lambda: rang.append(loop.now))
    alarm.set(1.0)
    alarm.set(5.0)
    alarm.set(3.0)

    loop.run(until=10.0)

    assert rang == [3.0]
    assert alarm.at is None


def test_an_alarm_that_was_called_off_does_not_ring() -> None:
    loop, rang = Loop(), []
    alarm = Alarm(loop, lambda: rang.append(loop.now))
    alarm.set(1.0)
    alarm.clear()

    loop.run(until=10.0)

    assert rang == []


def test_alarm_asks_the_loop_once_for_a_moment_that_it_is_set_for_again() -> None:
    loop, rang = Loop(), []
    alarm = Alarm(loop, lambda: rang.append(loop.now))
    for _ in range(10):
        alarm.set(1.0)
        alarm.set(5.0)
        alarm.set(0.5)

    assert loop.waiting == 2

    loop.run(until=10.0)

    assert rang == [0.5]


def test_alarm_that_is_set_for_never_waits_nowhere_and_may_be_set_earlier() -> None:
    loop, rang = Loop(), []
    alarm = Alarm(loop, lambda: rang.append(loop.now))
    alarm.set(math.inf)

    assert loop.waiting == 0

    alarm.set(2.0)
    loop.run(until=10.0)

    assert rang == [2.0]


def test_alarm_that_is_set_for_the_past_rings_now() -> None:
    loop, rang = Loop(start=5.0), []
    alarm = Alarm(loop, lambda: rang.append(loop.now))
    alarm.set(1.0)

    loop.run(until=6.0)

    assert rang == [5.0]
