"""Pushing: what Alertmanagers are told, when, and by which of two aggregators."""

import pytest

from aggregator.core.incidents.pushing import (
    HOLD_S,
    LIST_BYTES_MAX,
    OTHERS_MAX,
    SETTLE_S,
    Push,
    Pushing,
)
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.verdicts.causes import Cause
from tests.aggregator.core.incidents.pushers import (
    ALERT,
    FEED,
    LIST_WAIT_S,
    VENUE,
    Aggregator,
    firing,
    incident,
    over,
)
from venuewatch.base.wire.messages import CentreOpen


@pytest.fixture
def one() -> Aggregator:
    return Aggregator()


def test_alert_is_pushed_at_once_with_an_end_ahead(one: Aggregator) -> None:
    one.open(5.0)

    (push,) = one.look(5.0)

    assert push == Push("VenuewatchHostDown/STA/alpha", incident(at=5.0), 5.0, 5.0 + HOLD_S)


def test_open_alert_is_pushed_again_each_minute(one: Aggregator) -> None:
    one.open(5.0)
    times = [now for now in range(5, 200) if firing(one.look(float(now)))]

    assert times == [5, 60, 120, 180]


def test_sharper_cause_is_the_same_alert_at_once(one: Aggregator) -> None:
    one.open(5.0)
    one.look(5.0)

    one.sharpen(6.0, Cause.HOST_DOWN)

    (push,) = one.look(6.0)
    assert (push.key, push.incident.cause, push.starts_at) == (ALERT, Cause.HOST_DOWN, 5.0)


def test_cause_with_another_alert_ends_the_one_before(one: Aggregator) -> None:
    one.open(5.0, FEED, Cause.RESULTS_DELAYED)
    one.look(5.0)

    one.sharpen(9.0, Cause.RESULTS_SILENT, FEED)
    stopped, delayed = one.look(9.0)

    assert (stopped.key, stopped.starts_at) == ("VenuewatchResultsStopped/STA/alpha/odf", 9.0)
    assert (delayed.key, delayed.is_over) == ("VenuewatchResultsDelayed/STA/alpha/odf", True)
    assert delayed.ends_at == 9.0


def test_end_of_an_earlier_incident_leaves_the_alert_of_the_later(one: Aggregator) -> None:
    earlier, later = incident(number=1), incident(number=2)
    one.pushing.restore([earlier, later], 5.0)

    ended = earlier._replace(closed_at=6.0)
    one.pushing.take_change(IncidentChanged(6.0, "closed", ended, 2))

    assert ALERT in one.pushing.keys
    assert not any(push.is_over for push in one.look(6.0))


def test_end_is_pushed_at_once_and_again_for_ten_minutes(one: Aggregator) -> None:
    one.open(5.0)
    one.look(5.0)
    one.close(7.0)

    times = [now for now in range(7, 1000) if over(one.look(float(now)))]

    assert times == [7, *range(60, 607, 60)]
    assert one.pushing.keys == set()


def test_alert_that_opens_again_is_not_ended_again(one: Aggregator) -> None:
    one.open(5.0)
    one.close(7.0)
    one.open(8.0)

    pushes = [push for now in range(8, 700) for push in one.look(float(now))]

    assert over(pushes) == []
    assert {push.starts_at for push in pushes} == {8.0}


def test_centre_is_never_pushed(one: Aggregator) -> None:
    one.open(5.0, Subject("centre"), Cause.BROKER_DOWN)
    one.close(9.0, Subject("centre"))

    assert one.look(9.0) == []


def test_correction_pushes_nothing(one: Aggregator) -> None:
    one.pushing.take_change(IncidentChanged(9.0, "corrected", incident(), 0))

    assert one.look(9.0) == []


def test_blind_aggregator_pushes_what_is_open_and_ends_nothing(one: Aggregator) -> None:
    one.open(5.0)
    one.open(5.0, VENUE, Cause.VENUE_UNREACHABLE)
    one.look(5.0)
    one.close(6.0)

    pushes = [push for now in range(6, 3600) for push in one.look(float(now), is_blind=True)]

    assert len(pushes) == 59
    assert {(push.key, push.is_over, push.is_conditional) for push in pushes} == {
        ("VenuewatchVenueUnreachable/AQU", False, False)
    }
    assert over(one.look(3601.0)) == [ALERT]


class TestRestart:
    """A later process."""

    def restored(self, *incidents: Incident, now: float = 0.0) -> Pushing:
        pushing = Pushing("a")
        pushing.restore(incidents, now)
        return pushing

    def test_open_alert_is_pushed_on_condition_until_settled(self) -> None:
        pushing = self.restored(incident(at=-100.0))

        pushing.hear(0.0, is_blind=True, is_settled=False)
        before = pushing.take(0.0)
        pushes = []
        for now in range(1, 50):
            pushing.hear(float(now), is_blind=False, is_settled=now > 10)
            pushes += [(now, push) for push in pushing.take(float(now))]
        ((at, after),) = pushes

        assert [(push.key, push.is_conditional) for push in before] == [(ALERT, True)]
        assert (at, after.key, after.is_conditional) == (10 + SETTLE_S, ALERT, False)
        assert after.starts_at == -100.0

    @pytest.mark.parametrize("away_s", [100.0, HOLD_S])
    def test_one_that_did_not_run_for_long_begins_as_a_later_process(
        self, one: Aggregator, away_s: float
    ) -> None:
        one.open(5.0)
        one.look(5.0)

        back_at = 5.0 + away_s
        one.open(back_at, VENUE, Cause.VENUE_UNREACHABLE)
        at_once = {push.key: push.is_conditional for push in one.look(back_at)}
        later = [push for now in range(1, 60) for push in one.look(back_at + now)]

        assert at_once == {"VenuewatchVenueUnreachable/AQU": False, ALERT: away_s == HOLD_S}
        assert all(not push.is_conditional for push in later)
        assert (ALERT in firing(later)) == (away_s == HOLD_S)

    def test_news_of_a_restored_alert_are_pushed_without_condition(self) -> None:
        pushing = self.restored(incident(at=-100.0))
        pushing.take(0.0)

        sharper = incident(cause=Cause.HOST_DOWN, at=-100.0)
        pushing.take_change(IncidentChanged(1.0, "sharpened", sharper, 2))

        assert [push.is_conditional for push in pushing.take(1.0)] == [False]

    def test_ends_of_the_last_ten_minutes_are_pushed_again(self) -> None:
        pushing = self.restored(
            incident(at=-700.0)._replace(closed_at=-601.0),
            incident(VENUE, Cause.VENUE_UNREACHABLE, at=-700.0, number=2)._replace(
                closed_at=-599.0
            ),
        )

        pushing.hear(0.0, is_blind=True, is_settled=False)
        blind = pushing.take(0.0)
        pushing.hear(1.0, is_blind=False, is_settled=False)

        assert blind == []
        assert over(pushing.take(1.0)) == ["VenuewatchVenueUnreachable/AQU"]

    def test_end_of_an_alert_that_is_open_again_is_not_pushed(self) -> None:
        pushing = self.restored(
            incident(at=-90.0)._replace(closed_at=-60.0), incident(at=-30.0, number=2)
        )

        assert over(pushing.take(0.0)) == []

    def test_short_times_do_not_make_it_doubt(self) -> None:
        pushing = Pushing("a", resend_s=1.0, hold_s=2.0)
        pushing.hear(0.0, is_blind=False, is_settled=True)
        pushing.take_change(IncidentChanged(0.0, "opened", incident(), 1))

        pushes = []
        for now in range(1, 9):
            pushing.hear(float(now), is_blind=False, is_settled=True)
            pushes += pushing.take(float(now))

        assert [push.is_conditional for push in pushes] == [False] * 8


class TestBesideAnother:
    """Another aggregator that pushes, too."""

    def test_end_is_left_to_the_one_that_has_it_open(self, one: Aggregator) -> None:
        one.open(5.0)
        one.hear_of("b", 6.0, ALERT)
        one.close(7.0)
        quiet = [push for now in range(7, 60) for push in one.look(float(now))]

        one.hear_of("b", 60.0)

        assert quiet == []
        assert over(one.look(60.0)) == [ALERT]

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_own_state_and_list_mean_nothing(self, one: Aggregator, name: str) -> None:
        one.open(5.0)
        one.hear_of(name, 6.0, ALERT)
        one.close(7.0)

        assert over(one.look(7.0)) == ([ALERT] if name == "a" else [])

    def test_end_waits_for_the_first_list(self, one: Aggregator) -> None:
        one.pushing.take_state("b", 1.0, is_online=True)
        one.open(5.0)
        one.close(7.0)

        before = one.look(1.0 + LIST_WAIT_S - 0.1)
        after = one.look(1.0 + LIST_WAIT_S)

        assert (over(before), over(after)) == ([], [ALERT])

    def test_one_that_is_gone_for_ten_minutes_counts_no_more(self, one: Aggregator) -> None:
        one.hear_of("b", 1.0, ALERT)
        one.open(5.0)
        one.pushing.take_state("b", 10.0, is_online=False)
        one.close(300.0)

        before = one.look(10.0 + HOLD_S - 0.1)
        after = one.look(10.0 + HOLD_S)

        assert (over(before), over(after)) == ([], [ALERT])

    def test_one_whose_lists_stop_counts_for_ten_minutes(self, one: Aggregator) -> None:
        one.hear_of("b", 1.0, ALERT)
        one.open(5.0)
        one.close(300.0)

        assert over(one.look(HOLD_S)) == []
        assert over(one.look(1.0 + HOLD_S)) == [ALERT]

    def test_list_that_is_cut_may_have_any_alert(self, one: Aggregator) -> None:
        one.hear_of("b", 1.0, is_whole=False)
        one.open(5.0)
        one.close(7.0)

        assert over(one.look(7.0)) == []

    def test_one_that_was_offline_before_we_came_holds_nothing(self, one: Aggregator) -> None:
        one.pushing.take_state("b", 1.0, is_online=False)
        one.open(5.0)
        one.close(7.0)

        assert over(one.look(7.0)) == [ALERT]

    def test_lists_are_asked_anew_after_a_reconnection(self, one: Aggregator) -> None:
        one.hear_of("b", 1.0)
        one.open(5.0)
        one.pushing.opened(6.0)
        one.close(7.0)

        assert over(one.look(7.0)) == []

    def test_blind_for_long_it_pushes_only_what_is_still_firing(self, one: Aggregator) -> None:
        one.hear_of("b", 1.0)
        one.open(5.0)
        one.look(5.0)

        pushes = [push for now in range(6, 1200) for push in one.look(float(now), is_blind=True)]

        conditional = [push.is_conditional for push in pushes]
        assert conditional == sorted(conditional)
        assert (conditional.count(False), conditional.count(True)) == (8, 11)

    def test_a_flood_of_names_is_bounded(self, one: Aggregator) -> None:
        for number in range(OTHERS_MAX):
            one.hear_of(f"x{number}", 1.0)
        one.hear_of("flood", 1.0, ALERT)
        one.open(5.0)
        one.close(7.0)

        assert over(one.look(7.0)) == [ALERT]


class TestOwnList:
    """The list of open alerts for other aggregators."""

    def lists(self, one: Aggregator, start: float, end: float) -> list[tuple[float, CentreOpen]]:
        found = []
        for step in range(int(start * 10), int(end * 10)):
            own = one.pushing.take_own_list(step / 10)
            if own is not None:
                found.append((step / 10, own))
        return found

    def test_it_is_published_at_changes_and_each_minute(self, one: Aggregator) -> None:
        first = self.lists(one, 0.0, 10.0)
        one.open(10.0)
        second = self.lists(one, 10.0, 100.0)
        one.close(100.0)
        third = self.lists(one, 100.0, 101.0)

        assert first == [(0.0, CentreOpen(()))]
        assert second == [(at, CentreOpen((ALERT,))) for at in (10.0, 70.0)]
        assert third == [(100.0, CentreOpen(()))]

    def test_changes_within_a_second_are_one_list(self, one: Aggregator) -> None:
        one.open(0.0)
        self.lists(one, 0.0, 0.1)
        one.open(0.2, VENUE, Cause.VENUE_UNREACHABLE)
        one.close(0.3)

        assert self.lists(one, 0.3, 3.0) == [(1.0, CentreOpen(("VenuewatchVenueUnreachable/AQU",)))]

    def test_sharper_cause_is_no_change(self, one: Aggregator) -> None:
        one.open(0.0)
        self.lists(one, 0.0, 1.0)

        one.sharpen(5.0, Cause.HOST_DOWN)

        assert self.lists(one, 5.0, 10.0) == []

    def test_one_that_comes_online_hears_it_at_once(self, one: Aggregator) -> None:
        self.lists(one, 0.0, 1.0)

        one.pushing.take_state("b", 5.0, is_online=True)

        assert [at for at, _ in self.lists(one, 5.0, 10.0)] == [5.0]

    def test_list_that_was_not_sent_is_taken_again(self, one: Aggregator) -> None:
        self.lists(one, 0.0, 1.0)

        one.pushing.list_not_sent()

        assert [at for at, _ in self.lists(one, 1.0, 3.0)] == [1.0]

    def test_list_of_a_very_bad_day_is_cut_and_says_so(self, one: Aggregator) -> None:
        for number in range(10_000):
            one.open(0.0, Subject("host", "STA", f"alpha-{number:04}"))

        ((_, own),) = self.lists(one, 0.0, 1.0)

        assert not own.is_whole
        assert 0.9 * LIST_BYTES_MAX < sum(map(len, own.keys)) <= LIST_BYTES_MAX
