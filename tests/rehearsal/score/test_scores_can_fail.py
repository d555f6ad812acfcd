"""Scores can fail: each way to be a bad monitor lowers exactly the measure that it must."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.runfile.scenarios import HOST, expectation
from tests.rehearsal.score.cases import (
    MARKS,
    MENDED,
    OVER,
    SEEN,
    TOLD,
    TRUE,
    control,
    evidence,
    failed,
    incident,
    judged,
    sights,
    verdicts,
)
from venuewatch.rehearsal.scenario import Allowed, Counted
from venuewatch.rehearsal.score.evidence import Evidence, StepTimes, Target, Told, Unwell
from venuewatch.rehearsal.score.marks import Marks, MeasureName
from venuewatch.rehearsal.score.scoring import score

TIMELY: set[MeasureName] = {"detected", "told", "cause", "scope", "others", "once", "recovery"}


def without(*, seen: bool = False, notices: bool = False) -> Told:
    """Return the right incident, of which no reader or no receiver got a word."""
    one = incident()
    return one._replace(seen=() if seen else one.seen, notices=() if notices else one.notices)


def stamped_early() -> Told:
    """Return an incident that is said late, and stamped with the moment at which it began."""
    one = incident(seen_at=TRUE + 4.0, told_at=TRUE + 4.2)
    return one._replace(seen=tuple(word._replace(opened_at=TRUE) for word in one.seen))


def sharpened_from(cause: str, named_at: float) -> Told:
    """Return an incident whose first cause is another."""
    one = incident()
    seen, notices = one.seen[0]._replace(cause=cause), one.notices[0]._replace(cause=cause)
    right: dict[str, Any] = {"at": named_at, "change": "sharpened"}
    return one._replace(
        seen=(seen, one.seen[0]._replace(**right), one.seen[1]),
        notices=(notices, one.notices[0]._replace(**right, seq=3), one.notices[1]),
    )


def told_again() -> Told:
    """Return an incident that is opened in two notices."""
    one = incident()
    return one._replace(notices=(*one.notices, one.notices[0]._replace(at=TOLD + 5, seq=3)))


def everybody() -> tuple[Told, ...]:
    """Return the right incident, and alarms for others here and elsewhere."""
    others = ("host:STA/STA-2", "venue:AQU", "feed:AQU/AQU-1/timing")
    return incident(), *(incident(at, each) for at, each in enumerate(others, start=2))


MUTANTS: dict[str, tuple[Callable[[], tuple[Told, ...]], set[MeasureName]]] = {
    "right": (lambda: (incident(),), set()),
    "wrong cause": (lambda: (incident(cause="agent_stopped"),), {"cause"}),
    "wrong cause in the first notice": (lambda: (sharpened_from("silent", SEEN + 1),), {"cause"}),
    "swapped scope": (lambda: (incident(subject="venue:STA"),), {"scope"}),
    "a venue beside the host": (lambda: (incident(), incident(2, "venue:STA")), {"scope"}),
    "venue_unreachable for everything": (
        lambda: (incident(subject="venue:STA", cause="venue_unreachable"),),
        {"scope", "cause"},
    ),
    "alarm for everybody": (everybody, {"others"}),
    "told twice, two numbers": (
        lambda: (incident(over_at=110.0), incident(2, seen_at=112.0, told_at=112.2)),
        {"once"},
    ),
    "told twice, two numbers, one notice": (
        lambda: (incident(over_at=110.0), incident(2, seen_at=112.0)._replace(notices=())),
        {"once"},
    ),
    "told twice, two notices": (lambda: (told_again(),), {"once"}),
    "no notices": (lambda: (without(notices=True),), {"told"}),
    "notices 1 s late": (lambda: (incident(told_at=SEEN + 3.0),), {"told"}),
    "notices without the incident": (lambda: (without(seen=True),), {"detected"}),
    "no recovery": (lambda: (incident(over_at=None),), {"recovery"}),
    "recovery 1 s late": (lambda: (incident(over_at=MENDED + 11.0),), {"recovery"}),
    "closed by a timer": (lambda: (incident(over_at=TRUE + 10.0),), {"recovery"}),
    "late by 1 s": (lambda: (incident(seen_at=TRUE + 4.0, told_at=TRUE + 4.2),), {"detected"}),
    "stamped early, said late": (lambda: (stamped_early(),), {"detected"}),
    "too late for the cause": (
        lambda: (incident(seen_at=TRUE + 7.0, told_at=TRUE + 7.2),),
        {"detected", "cause"},
    ),
    "said before it was true": (lambda: (incident(seen_at=TRUE - 0.6),), {"detected", "told"}),
    "says nothing": (lambda: (), {"detected", "told", "cause"}),
}


@pytest.mark.parametrize(("told", "lowered"), MUTANTS.values(), ids=MUTANTS)
def test_a_bad_monitor_lowers_its_own_measure_only(
    told: Callable[[], tuple[Told, ...]], lowered: set[MeasureName]
) -> None:
    assert failed(judged(), evidence(*told())) == lowered


def test_a_right_monitor_passes_all_that_is_judged() -> None:
    scored = score(judged(), evidence(incident()), MARKS)

    assert verdicts(scored)["pass"] == TIMELY
    assert verdicts(scored)["not_judged"] == {"counted", "acknowledged", "checklist"}
    assert (scored.verdict, scored.measures["detected"].value_s) == ("pass", 2.0)


def test_a_fail_is_a_fail_of_the_scenario() -> None:
    assert score(judged(), evidence(), MARKS).verdict == "fail"


def test_a_silent_monitor_passes_a_control_only() -> None:
    assert score(control(), evidence(), MARKS).verdict == "pass"
    assert verdicts(score(control(), evidence(), MARKS))["pass"] == {"others"}


def test_a_control_fails_by_any_alarm() -> None:
    assert failed(control(), evidence(incident())) == {"others"}


def test_a_sharpening_is_no_second_telling() -> None:
    scenario = judged(
        expectation(HOST, "host_down"), allowed=(Allowed(subject=HOST, causes=("silent",)),)
    )

    assert failed(scenario, evidence(sharpened_from("silent", SEEN + 1))) == set()


def test_the_right_cause_has_3_s_more() -> None:
    scenario = judged(allowed=(Allowed(subject=HOST, causes=("silent",)),))

    assert failed(scenario, evidence(sharpened_from("silent", TRUE + 6.0))) == set()
    assert failed(scenario, evidence(sharpened_from("silent", TRUE + 6.1))) == {"cause"}


def test_a_repeated_notice_is_told_once() -> None:
    one = incident()

    twice = one._replace(notices=(*one.notices, one.notices[0]._replace(at=TOLD + 9)))

    assert failed(judged(), evidence(twice)) == set()


def test_a_second_receiver_is_told_for_itself() -> None:
    one = incident()

    both = one._replace(notices=(*one.notices, one.notices[0]._replace(receiver="b")))

    assert failed(judged(), evidence(both)) == set()


def test_a_flapping_host_may_be_told_as_often_as_expected() -> None:
    told = [incident(at, over_at=OVER) for at in (1, 2, 3)]

    assert failed(judged(expectation(at_most=3)), evidence(*told)) == set()
    assert failed(judged(expectation(at_most=2)), evidence(*told)) == {"once"}


def test_each_of_several_incidents_has_to_be_over() -> None:
    told = [incident(1), incident(2, over_at=None)]

    assert failed(judged(expectation(at_most=2)), evidence(*told)) == {"recovery"}


@pytest.mark.parametrize(("children", "lowered"), [(7, set()), (6, {"scope"}), (0, {"scope"})])
def test_a_venue_has_all_its_hosts_behind_it(children: int, lowered: set[MeasureName]) -> None:
    scenario = judged(expectation("venue:STA", "venue_unreachable", children=7))
    told = incident(subject="venue:STA", cause="venue_unreachable", children=children)

    assert failed(scenario, evidence(told)) == lowered


def test_children_told_one_by_one_have_the_wrong_scope() -> None:
    scenario = judged(expectation("venue:STA", "venue_unreachable"))
    told = [incident(at, f"host:STA/STA-{at}", "venue_unreachable") for at in range(1, 8)]

    assert failed(scenario, evidence(*told)) == {"scope"}


@pytest.mark.parametrize(
    ("subject", "cause", "lowered"),
    [
        ("feed:STA/STA-9/timing", "redundancy_lost", set()),
        ("feed:STA/STA-9/timing", "feed_silent", {"others"}),
        ("feed:AQU/AQU-9/timing", "redundancy_lost", {"others"}),
    ],
)
def test_what_is_allowed_accuses_nobody(
    subject: str, cause: str, lowered: set[MeasureName]
) -> None:
    scenario = judged(allowed=(Allowed(subject="feed:STA/*/*", causes=("redundancy_lost",)),))

    assert failed(scenario, evidence(incident(), incident(2, subject, cause))) == lowered


def test_one_of_two_expected_subjects_that_is_missing_fails() -> None:
    other = "host:STA/STA-2"
    scenario = judged(expectation(), expectation(other))

    scored = score(scenario, evidence(incident()), MARKS)

    assert verdicts(scored)["fail"] == {"detected", "told", "cause"}
    assert [answer.detected_at for answer in scored.answers] == [SEEN, None]


def test_what_comes_after_the_heal_counts_from_the_heal() -> None:
    scenario = judged(expectation(after_heal=True))
    told = incident(seen_at=MENDED + 2, told_at=MENDED + 3, over_at=MENDED + 9)

    assert failed(scenario, evidence(told)) == set()


@pytest.mark.parametrize(
    ("counter", "verdict"),
    [
        ((3.0, 4.0), "pass"),
        ((None, 1.0), "pass"),
        ((3.0, 3.0), "fail"),
        ((3.0, None), "fail"),
        (None, "void"),
    ],
)
def test_a_number_has_to_grow_where_no_alarm_is_right(
    counter: tuple[float | None, float | None] | None, verdict: str
) -> None:
    scenario = control(counted=(Counted(metric="unlisted_total", labels={"venue": "STA"}),))
    counters = {} if counter is None else {'unlisted_total{venue="STA"}': counter}

    scored = score(scenario, evidence(counters=counters), MARKS)

    assert (scored.measures["counted"].verdict, scored.verdict) == (verdict, verdict)


@pytest.mark.parametrize(
    ("scenario", "found", "lowered"),
    [(judged(), evidence(incident()), "recovery"), (control(), evidence(), "others")],
    ids=["fault", "control"],
)
def test_a_monitor_that_is_not_well_afterwards_fails_the_scenario_before(
    scenario: object, found: Evidence, lowered: MeasureName
) -> None:
    unwell = found._replace(unwell=(Unwell("monitor", 140.0),))

    assert failed(scenario, unwell) == {lowered}  # type: ignore[arg-type]


def test_a_measure_that_is_not_taken_is_not_judged() -> None:
    marks = Marks(not_judged=("told",))

    scored = score(judged(), evidence(without(notices=True)), marks)

    assert (scored.measures["told"].verdict, scored.verdict) == ("not_judged", "pass")


@pytest.mark.parametrize(("over_at", "lowered"), [(118.0, set()), (124.0, {"recovery"})])
def test_a_host_that_stays_dead_delays_no_recovery_of_its_venue(
    over_at: float, lowered: set[MeasureName]
) -> None:
    venue, host = expectation("venue:STA", "venue_unreachable", after="cut"), expectation()
    scenario = judged(venue, host, targets=(Target("cut", ("venue:STA",)), Target("off", (HOST,))))
    told = (incident(1, "venue:STA", "venue_unreachable", over_at=over_at), incident(2))
    found = evidence(
        *told,
        steps={"cut": StepTimes(TRUE, MENDED - 8), "off": StepTimes(TRUE, MENDED)},
        sights=(*sights("cut"), *sights()),
    )

    assert failed(scenario, found) == lowered


def test_a_venue_of_dead_hosts_is_over_between_first_and_last() -> None:
    hosts = [f"host:STA/STA-{at}" for at in (1, 2)]
    venue = expectation("venue:STA", "venue_unreachable", after="off_1")
    scenario = judged(
        venue, targets=tuple(Target(f"off_{at}", (host,)) for at, host in enumerate(hosts, 1))
    )

    def over(at: float) -> Evidence:
        return evidence(
            incident(1, "venue:STA", "venue_unreachable", over_at=at),
            steps={"off_1": StepTimes(TRUE, MENDED - 5), "off_2": StepTimes(TRUE, MENDED)},
            sights=(*sights("off_1"), *sights("off_2")),
        )

    assert failed(scenario, over(MENDED - 4)) == set()
    assert failed(scenario, over(MENDED + 10)) == set()
    assert failed(scenario, over(MENDED - 6)) == {"recovery"}
    assert failed(scenario, over(MENDED + 11)) == {"recovery"}


def test_no_notice_is_in_time_where_their_way_is_what_is_broken() -> None:
    failing = expectation("centre://notices", "notices_failing", detect_within_s=60.0)
    scenario = judged(expectation(), failing, targets=(Target("off", (HOST, "centre:")),))
    told = incident(told_at=SEEN + 90), incident(2, "centre://notices", "notices_failing")

    scored = score(scenario, evidence(*told), MARKS)

    assert (scored.verdict, scored.measures["told"].verdict) == ("pass", "not_judged")


@pytest.mark.parametrize(
    ("subject", "lowered"),
    [
        ("check:STA/STA-1/disk", {"others"}),
        ("check:STA//dns", {"scope"}),
        ("host:STA/STA-1", {"scope"}),
        ("source:STA/STA-1/dns", {"scope"}),
        ("host:STA/STA-2", {"others"}),
    ],
)
def test_another_check_of_the_same_host_is_somebody_else(
    subject: str, lowered: set[MeasureName]
) -> None:
    dns = "check:STA/STA-1/dns"
    scenario = judged(expectation(dns), targets=(Target("off", (dns,)),))

    found = evidence(incident(subject=dns), incident(2, subject))

    assert failed(scenario, found) == lowered
