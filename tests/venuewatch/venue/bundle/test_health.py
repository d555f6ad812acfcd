"""The judgement if a program has come up."""

import pytest

from venuewatch.base import systemd
from venuewatch.venue.bundle.host import health
from venuewatch.venue.bundle.host.health import Health, Look

HEARD = "connected to 10.0.0.1, hears the centre"
CONNECTED = "connected to 10.0.0.1"


def judged(looks: list[tuple[float, Look]], *, must_be_heard: bool) -> tuple[float, bool, str]:
    """Return when the verdict came, and which; the last look goes on."""
    judge = Health(0.0, must_be_heard=must_be_heard)
    at = 0.0
    while at < 100.0:
        at += 0.5
        judge.see([look for since, look in looks if since <= at][-1], at)
        verdict = judge.verdict(at)
        if verdict is not None:
            return at, verdict.is_well, verdict.why
    raise AssertionError("no verdict within 100 s")


def test_an_agent_alive_for_ten_seconds_is_well() -> None:
    at, is_well, _ = judged([(0.0, Look(7, "connecting", spool=1))], must_be_heard=False)

    assert (at, is_well) == (10.5, True)


def test_an_agent_that_ends_after_nine_seconds_is_not_well() -> None:
    looks = [(0.0, Look(7, CONNECTED, spool=1)), (9.5, Look(0, "", spool=1))]

    at, is_well, why = judged(looks, must_be_heard=False)

    assert (at, is_well) == (9.5, False)
    assert why == f'it ended after 9 s (its last words: "{CONNECTED}")'


def test_an_agent_started_again_by_its_supervisor_is_not_well() -> None:
    looks = [(0.0, Look(7, "", spool=1)), (5.0, Look(8, "", spool=1))]

    _, is_well, why = judged(looks, must_be_heard=False)

    assert (is_well, why) == (False, "it ended after 4 s")


def test_an_agent_that_never_appears_did_not_start() -> None:
    at, is_well, why = judged([(0.0, Look(0, "", spool=1))], must_be_heard=False)

    assert (at, is_well, why) == (15.5, False, "it did not start")


def test_an_agent_that_must_be_heard_has_a_minute_for_it() -> None:
    looks = [
        (0.0, Look(7, CONNECTED, spool=1)),
        (59.5, Look(7, HEARD, spool=1)),
    ]

    at, is_well, _ = judged(looks, must_be_heard=True)

    assert (at, is_well) == (59.5, True)


def test_an_agent_that_hears_no_tick_is_not_well() -> None:
    at, is_well, why = judged([(0.0, Look(7, CONNECTED, spool=1))], must_be_heard=True)

    assert (at, is_well) == (60.5, False)
    assert why.startswith("after 60 s it has received no tick of the centre")


def test_an_agent_whose_spool_is_not_open_is_not_well() -> None:
    _, is_well, why = judged([(0.0, Look(7, HEARD, spool=0))], must_be_heard=True)

    assert not is_well
    assert why.startswith("after 60 s its spool is not open")


def test_spool_that_only_an_earlier_agent_wrote_to_is_not_open() -> None:
    judge = Health(0.0, must_be_heard=False, spool_before=5)
    judge.see(Look(7, "connecting", spool=5), 0.5)
    judge.see(Look(7, "connecting", spool=5), 11.0)
    was_open = judge.verdict(11.0)

    judge.see(Look(7, "connecting", spool=6), 12.0)

    assert was_open is None
    verdict = judge.verdict(12.0)
    assert verdict is not None
    assert verdict.is_well


def test_program_without_a_spool_needs_none() -> None:
    at, is_well, _ = judged([(0.0, Look(7, "serving", spool=None))], must_be_heard=False)

    assert (at, is_well) == (10.5, True)


def test_a_tick_heard_before_another_status_counts() -> None:
    looks = [
        (0.0, Look(7, HEARD, spool=1)),
        (1.0, Look(7, "the centre refuses our birth", spool=1)),
    ]

    _, is_well, _ = judged(looks, must_be_heard=True)

    assert is_well


@pytest.mark.parametrize("name", ["CONNECTED", "HEARS"])
def test_host_and_agent_have_the_same_words(name: str) -> None:
    assert getattr(health, name) == getattr(systemd, name)
