"""Which session a birth or a death speaks of, and what a will can prove."""

import pytest

from aggregator.core.fleet import Host
from aggregator.core.sessions import (
    UNANNOUNCED_KEEPALIVE_S,
    is_new_session,
    is_of_latest_session,
    proves_only_silence,
)
from tests.aggregator.scene import MARGIN_S, birth
from venuewatch.base.wire.messages import Birth, Death


@pytest.fixture
def host() -> Host:
    """Return a host that was heard at 100 s, in the third session of boot b."""
    heard = Host("STA", "alpha", margin_s=MARGIN_S)
    heard.boot, heard.session, heard.evidence_at = "b", 3, 100.0
    heard.birth = birth(boot="b", session=3)
    return heard


def announcing(keepalive_s: float) -> Birth:
    return Birth(
        boot="b",
        session=3,
        wall_ms=0,
        interval_s=1.0,
        vitals_every_s=10.0,
        agent_version="0",
        keepalive_s=keepalive_s,
    )


@pytest.mark.parametrize(
    ("boot", "session", "is_new"), [("b", 3, False), ("b", 4, True), ("c", 1, True)]
)
def test_a_birth_begins_a_session_unless_we_know_it(
    host: Host, boot: str, session: int, *, is_new: bool
) -> None:
    assert is_new_session(host, birth(boot=boot, session=session)) == is_new


def test_a_birth_that_was_heard_before_any_beat_is_known_when_it_is_repeated(host: Host) -> None:
    host.boot, host.session = "", 0

    assert not is_new_session(host, birth(boot="b", session=3))


@pytest.mark.parametrize(
    ("boot", "session", "is_latest"),
    [("b", 3, True), ("b", 4, True), ("b", 2, False), ("a", 9, False)],
)
def test_only_the_death_of_the_latest_session_means_anything(
    host: Host, boot: str, session: int, *, is_latest: bool
) -> None:
    assert is_of_latest_session(host, Death(boot, session, "lost")) == is_latest


def test_a_live_birth_makes_the_session_before_it_an_old_one(host: Host) -> None:
    host.birth, host.is_replaced = birth(boot="c", session=1), True

    assert not is_of_latest_session(host, Death("b", 3, "lost"))
    assert is_of_latest_session(host, Death("c", 1, "lost"))


def test_of_a_host_that_never_beat_the_birth_says_which_session_is_its_latest(host: Host) -> None:
    host.boot, host.session = "", 0

    assert is_of_latest_session(host, Death("b", 3, "farewell"))
    assert not is_of_latest_session(host, Death("b", 2, "farewell"))


def test_of_a_host_of_which_nothing_is_known_no_death_means_anything() -> None:
    unknown = Host("STA", "alpha", margin_s=MARGIN_S)

    assert not is_of_latest_session(unknown, Death("b", 1, "lost"))


@pytest.mark.parametrize(
    ("keepalive_s", "after_s", "is_only_silence"),
    [
        (5.0, 0.5, False),
        (5.0, 5.9, False),
        (5.0, 6.0, True),  # 0.8 of 1.5 keepalives
        (5.0, 7.5, True),
        (60.0, 6.0, False),
        (60.0, 71.9, False),
        (60.0, 72.0, True),
    ],
)
def test_a_will_after_about_one_and_a_half_keepalives_proves_only_silence(
    host: Host, keepalive_s: float, after_s: float, *, is_only_silence: bool
) -> None:
    host.birth = announcing(keepalive_s)

    assert proves_only_silence(host, 100.0 + after_s) == is_only_silence


@pytest.mark.parametrize("is_born", [True, False])
def test_where_no_keepalive_is_announced_the_shortest_that_we_ship_is_assumed(
    host: Host, *, is_born: bool
) -> None:
    host.birth = announcing(0.0) if is_born else None

    assert not proves_only_silence(host, 100.0 + 1.1 * UNANNOUNCED_KEEPALIVE_S)
    assert proves_only_silence(host, 100.0 + 1.2 * UNANNOUNCED_KEEPALIVE_S)


def test_a_will_of_a_host_that_was_never_heard_proves_nothing(host: Host) -> None:
    host.evidence_at = None

    assert proves_only_silence(host, 100.0)
