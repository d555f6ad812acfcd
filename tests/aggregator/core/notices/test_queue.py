"""Queue of notices: fair among venues and hosts, in order within an incident only."""

from itertools import pairwise

import pytest

from aggregator.core.notices.queue import FAILING_S, LOST_S, PAUSE_MAX_S, Waiting
from tests.aggregator.core.notices.played import Answer, Played, failed, notice, taken


def refusing_first(answer: Answer, *numbers: int, lasts_s: float = 0.01) -> "Played":
    """Return a queue whose receiver gives some incidents that answer, and takes the others."""

    def receives(_: float, one: Waiting) -> tuple[Answer, float]:
        return (answer, lasts_s) if one.number in numbers else ("taken", 0.01)

    return Played(receives)


def test_notices_of_an_incident_go_in_order_one_by_one() -> None:
    played = Played(lambda _, __: ("taken", 1.0))
    played.add(notice(1), notice(1, 2, "sharpened"), notice(1, 3, "closed"))

    played.run()

    assert played.taken == ["1-1", "1-2", "1-3"]
    assert played.most_at_once == 1


def test_a_first_word_of_a_quiet_venue_passes_a_flood() -> None:
    played = Played()
    played.add(*(notice(number, host="mad") for number in range(1_000)))
    played.add(*(notice(2_000, seq, "sharpened", host="mad") for seq in range(2, 1_000)))
    played.add(notice(5_000, venue="TAH", host="t1"))

    played.run(0.1)

    assert "5000-1" in played.taken[:3]


def test_first_words_pass_repeats_and_repeats_are_not_starved() -> None:
    played = Played(lambda _, __: ("taken", 1.0))
    played.add(*(notice(1, seq, "sharpened", host="old") for seq in range(2, 6)))
    played.add(*(notice(number, host="old") for number in range(10, 26)))

    played.run()

    repeats = [place for place, id_ in enumerate(played.taken) if id_.startswith("1-")]
    assert 0 < repeats[0] <= 4
    assert all(1 <= after - before <= 4 for before, after in pairwise(repeats))


def test_hosts_of_a_venue_take_turns() -> None:
    played = Played(lambda _, __: ("taken", 1.0))
    played.add(*(notice(number, host="mad") for number in range(100)))
    played.add(*(notice(number, host=f"s{number}") for number in range(200, 205)))

    played.run(10.0)

    others = [id_ for id_ in played.taken[:10] if int(id_.split("-")[0]) >= 200]
    assert len(others) == 5


@pytest.mark.parametrize("lasts_s", [0.01, 5.0], ids=["refused", "hanging"])
def test_no_notice_waits_for_the_retry_of_another(lasts_s: float) -> None:
    played = refusing_first("failed", 1, 2, 3, lasts_s=lasts_s)
    played.add(notice(1), notice(2, host="s2"), notice(3, host="s3"))
    played.run(30.0)

    played.add(notice(9))
    played.run(1.0)

    assert played.taken == ["9-1"]


def test_a_failing_receiver_has_one_retry_at_a_time() -> None:
    played = Played(failed)
    played.add(*(notice(number, host=f"s{number}") for number in range(1_000)))
    played.run(5.0)

    played.attempts.clear()
    played.run(60.0)

    assert len(played.attempts) < 60 * 2.5


def test_retries_to_one_that_hangs_go_one_by_one() -> None:
    played = Played(lambda _, __: ("failed", 5.0))
    played.add(*(notice(number, host=f"s{number}") for number in range(4)))
    played.run(20.0)

    played.most_at_once = 0
    played.run(60.0)

    assert played.most_at_once == 1


@pytest.mark.parametrize("outage_s", [20.0, 600.0])
@pytest.mark.parametrize(
    ("answer", "lasts_s"), [("failed", 0.01), ("failed", 5.0)], ids=["401", "hang"]
)
def test_first_words_are_out_soon_after_the_receiver_is_well(
    outage_s: float, answer: Answer, lasts_s: float
) -> None:
    def receives(now: float, _: Waiting) -> tuple[Answer, float]:
        return (answer, lasts_s) if now < outage_s else ("taken", 0.01)

    played = Played(receives)
    played.add(*(notice(number, host=f"mad-{number % 5}") for number in range(3_000)))
    played.add(notice(5_000, venue="TAH", host="t1"))
    played.run(outage_s - 5.0)
    played.add(notice(5_001, venue="BUR", host="b1"))
    played.run(100.0)

    assert max(played.taken_at("5000-1"), played.taken_at("5001-1")) <= outage_s + 10.0
    assert len(played.taken) == 3_002


@pytest.mark.parametrize(("asked_s", "pause_s"), [(20.0, 20.0), (3_600.0, PAUSE_MAX_S)])
def test_a_receiver_that_asks_for_a_pause_gets_it(asked_s: float, pause_s: float) -> None:
    played = Played(lambda now, _: (asked_s, 0.01) if now == 0.0 else ("taken", 0.01))
    played.add(notice(1))

    played.run(pause_s - 1.0)
    played.add(notice(2, host="s2"))
    before = played.taken
    played.run(2.0)

    assert (before, sorted(played.taken)) == ([], ["1-1", "2-1"])


def test_the_loudest_loses_its_repeats_first() -> None:
    played = Played(failed, waiting_max=10)
    played.add(notice(1, host="quiet"), notice(1, 2, "sharpened", host="quiet"))

    played.add(notice(2, host="mad"))
    played.add(*(notice(2, seq, "sharpened", host="mad") for seq in range(2, 20)))

    assert {one.owner.host for one in played.dropped} == {"mad"}
    assert {one.change for one in played.dropped} == {"sharpened"}
    assert (played.queue.waiting, played.queue.lost) == (10, len(played.dropped))


def test_an_incident_that_is_over_is_dropped_whole() -> None:
    played = Played(failed, waiting_max=5)
    played.add(*(notice(number) for number in (1, 2, 3, 4)))
    played.add(notice(3, 2, "closed"))
    played.add(notice(5))

    assert [one.id for one in played.dropped] == ["3-1", "3-2"]
    assert played.queue.waiting == 4


def test_all_of_an_unheard_incident_counts_as_loud() -> None:
    played = Played(failed, waiting_max=8)
    played.add(notice(1, host="less"))
    played.add(*(notice(1, seq, "sharpened", host="less") for seq in range(2, 5)))
    for number in (2, 3):
        played.add(notice(number, host="mad"), notice(number, 2, "closed", host="mad"))

    played.add(notice(9))

    assert {one.owner.host for one in played.dropped} == {"mad"}


def test_the_end_of_a_known_incident_stays() -> None:
    played = Played(taken, waiting_max=3)
    played.add(notice(1))
    played.run(1.0)
    played.receives = failed

    played.add(notice(1, 2, "closed"), *(notice(number) for number in range(2, 8)))

    assert played.dropped == []
    played.receives = taken
    played.run(10.0)
    assert "1-2" in played.taken


def test_beyond_all_bounds_the_loudest_loses_its_latest() -> None:
    played = Played(failed, waiting_max=5, first_words_max=10)

    played.add(*(notice(number, host=f"q{number}") for number in range(4)))
    played.add(*(notice(number, host="mad") for number in range(10, 20)))

    assert {one.owner.host for one in played.dropped} == {"mad"}
    assert played.queue.waiting == 10
    assert played.queue.has_lost(played.now)


def test_what_waits_is_bounded_in_bytes() -> None:
    played = Played(failed, bytes_max=1_000)
    played.add(notice(1))

    played.add(*(notice(1, seq, "sharpened", size=300) for seq in range(2, 10)))

    assert played.queue.waiting == 4


def test_a_notice_that_waits_is_not_queued_twice() -> None:
    played = Played(failed)
    played.add(notice(1, 2, "sharpened"))

    played.add(notice(1), notice(1, 2, "sharpened"), notice(1))

    assert played.queue.waiting == 2
    played.receives = taken
    played.run()
    assert played.taken == ["1-1", "1-2"]


def test_a_receiver_that_fails_for_long_is_told() -> None:
    played = Played(failed)
    played.add(notice(1))

    played.run(FAILING_S - 1.0)
    early = played.queue.failing_since(played.now)
    played.run(5.0)
    late = played.queue.failing_since(played.now)
    played.receives = taken
    played.run(10.0)

    assert (early, late) == (None, 0.01)
    assert played.queue.failing_since(played.now) is None
    assert played.queue.is_well


def test_one_notice_that_fails_for_long_is_told() -> None:
    played = refusing_first("failed", 1)
    played.add(notice(1))
    for number in range(2, 40):
        played.run(1.0)
        played.add(notice(number))

    assert played.queue.failing_since(played.now) is not None
    assert len(played.taken) == 37


def test_a_refused_notice_is_lost_and_told_for_a_while() -> None:
    played = refusing_first("refused", 1)
    played.add(notice(1), notice(2))

    played.run(10.0)

    assert (played.taken, played.queue.lost, played.queue.waiting) == (["2-1"], 1, 0)
    assert played.queue.has_lost(played.now)
    assert not played.queue.has_lost(played.now + LOST_S)
