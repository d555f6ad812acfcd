"""Identity: sessions that a birth or a death belongs to, proof by a will, births asked for."""

from typing import Any

import pytest
from msgspec.structs import replace

from aggregator.core.host import Host
from aggregator.core.identity import (
    UNANNOUNCED_KEEPALIVE_S,
    is_new_session,
    is_of_latest_session,
    proves_only_silence,
)
from tests.kit.machine import MARGIN_S, Machine
from tests.kit.story import Story
from venuewatch.base.wire.messages import Birth, Death


def birth(**said: Any) -> Birth:
    as_told = {"boot": "b", "session": 3, "keepalive_s": 0.0, **said}
    return replace(Machine("STA", "alpha").announced(), **as_told)


@pytest.fixture
def host() -> Host:
    """Return a host that was heard at 100 s, in the third session of boot b."""
    heard = Host("STA", "alpha", margin_s=MARGIN_S)
    heard.boot, heard.session, heard.evidence_at = "b", 3, 100.0
    heard.birth = birth()
    return heard


@pytest.fixture
def never_heard(host: Host) -> Host:
    """Return a host of which only the birth of that session is known."""
    host.boot, host.session, host.evidence_at = "", 0, None
    return host


def test_host_never_heard_has_its_announced_session_alone(never_heard: Host) -> None:
    assert not is_new_session(never_heard, birth())
    assert proves_only_silence(never_heard, 100.0)

    never_heard.birth = None
    assert not is_of_latest_session(never_heard, Death("b", 1, "lost"))


@pytest.mark.parametrize(
    ("boot", "session", "is_latest"),
    [("b", 3, True), ("b", 4, True), ("b", 2, False), ("a", 9, False)],
)
def test_only_the_death_of_the_latest_session_counts(
    host: Host, boot: str, session: int, *, is_latest: bool
) -> None:
    assert is_of_latest_session(host, Death(boot, session, "lost")) == is_latest


@pytest.mark.parametrize(
    ("keepalive_s", "proves_until_s"),  # 0.8 of 1.5 keepalives
    [(5.0, 6.0), (60.0, 72.0), *((each, 1.2 * UNANNOUNCED_KEEPALIVE_S) for each in (0.0, None))],
)
def test_will_after_one_and_a_half_keepalives_proves_only_silence(
    host: Host, keepalive_s: float | None, proves_until_s: float
) -> None:
    host.birth = None if keepalive_s is None else birth(keepalive_s=keepalive_s)  # None: no birth

    for after_s in (0.5, proves_until_s - 0.1, proves_until_s, proves_until_s * 1.25):
        assert proves_only_silence(host, 100.0 + after_s) == (after_s >= proves_until_s)


def test_beats_of_an_unknown_boot_ask_for_its_birth(alone: Story) -> None:
    alone.subscribe(0.0)

    asked_at = []
    for at in range(13):
        alone.published.clear()
        alone.beat(at, at)
        asked_at += [at] * len(alone.births_wanted())

    assert asked_at == [0, 5, 10]


@pytest.mark.parametrize(("boot", "asked"), [("a", []), ("b", ["alpha"])])
def test_only_the_birth_of_the_beating_boot_answers(
    alone: Story, boot: str, asked: list[str]
) -> None:
    alone.subscribe(0.0)
    alone.birth(0.5, is_retained=True)

    alone.beat(1.0, 7, boot=boot)

    assert alone.births_wanted() == asked
