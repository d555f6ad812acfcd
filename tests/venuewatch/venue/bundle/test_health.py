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
    at, is_well, _ = judged([(0.0, Look(7, "connecting", is_spool_open=True))], must_be_heard=False)

    assert (at, is_well) == (10.5, True)


def test_an_agent_that_ends_after_nine_seconds_is_not_well() -> None:
    looks = [(0.0, Look(7, CONNECTED, is_spool_open=True)), (9.5, Look(0, "", is_spool_open=True))]

    at, is_well, why = judged(looks, must_be_heard=False)

    assert (at, is_well) == (9.5, False)
    assert why == f'it ended after 9 s (its last words: "{CONNECTED}")'


def test_an_agent_started_again_by_its_supervisor_is_not_well() -> None:
    looks = [(0.0, Look(7, "", is_spool_open=True)), (5.0, Look(8, "", is_spool_open=True))]

    _, is_well, why = judged(looks, must_be_heard=False)

    assert (is_well, why) == (False, "it ended after 4 s")


def test_an_agent_that_never_appears_did_not_start() -> None:
    at, is_well, why = judged([(0.0, Look(0, "", is_spool_open=True))], must_be_heard=False)

    assert (at, is_well, why) == (15.5, False, "it did not start")


def test_an_agent_that_must_be_heard_has_a_minute_for_it() -> None:
    looks = [
        (0.0, Look(7, CONNECTED, is_spool_open=True)),
        (59.5, Look(7, HEARD, is_spool_open=True)),
    ]

    at, is_well, _ = judged(looks, must_be_heard=True)

    assert (at, is_well) == (59.5, True)


def test_an_agent_that_hears_no_tick_is_not_well() -> None:
    at, is_well, why = judged([(0.0, Look(7, CONNECTED, is_spool_open=True))], must_be_heard=True)

    assert (at, is_well) == (60.5, False)
    assert why.startswith("after 60 s it has received no tick of the centre")


def test_an_agent_whose_spool_is_not_open_is_not_well() -> None:
    _, is_well, why = judged([(0.0, Look(7, HEARD, is_spool_open=False))], must_be_heard=True)

    assert not is_well
    assert why.startswith("after 60 s its spool is not open")


def test_a_tick_heard_before_another_status_counts() -> None:
    looks = [
        (0.0, Look(7, HEARD, is_spool_open=True)),
        (1.0, Look(7, "the centre refuses our birth", is_spool_open=True)),
    ]

    _, is_well, _ = judged(looks, must_be_heard=True)

    assert is_well


@pytest.mark.parametrize("name", ["CONNECTED", "HEARS"])
def test_host_and_agent_have_the_same_words(name: str) -> None:
    assert getattr(health, name) == getattr(systemd, name)
