"""Waits of agents, by what was heard of them: never less than their own rule says."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.waits import Waits
from aggregator.core.host import Host, KnownBoot
from aggregator.core.reconnecting import (
    LONGEST_WAIT_S,
    hear_farewell,
    hear_session,
    hear_will,
    wait_max_s,
)
from tests.kit.machine import Machine
from venuewatch.base.wire.links import BRIEF_S, RECONNECT_MAX_S, TWIN_S

SURELY_LASTED_S = BRIEF_S + 2.0
connections = st.tuples(st.floats(0.0, 3 * BRIEF_S), st.booleans(), st.floats(0.0, 0.9))


@pytest.fixture
def host() -> Host:
    """A host of which nothing was heard yet."""
    return Host("STA", "s1", margin_s=1.75)


def after(host: Host, *lasted_s: float, boot: str = "b1") -> float:
    """Let connections last for so long, one after the other; return how long it may wait then."""
    now = 0.0
    for session, each_s in enumerate(lasted_s, host.connected.session + 1):
        hear_session(host, boot, session, now)
        now += each_s
        hear_will(host, now, proves_only_silence=False)
    return wait_max_s(host, now)


@given(st.lists(connections, min_size=1, max_size=20), st.integers())
def test_agent_never_waits_longer_than_the_core_expects(
    ends: list[tuple[float, bool, float]], seed: int
) -> None:
    waits, now = Waits(random.Random(seed), max_s=RECONNECT_MAX_S), 0.0
    host = Host("STA", "s1", margin_s=1.75)

    for session, (lasted_s, is_will_heard, late_s) in enumerate(ends, 1):
        waits.opened(now)
        hear_session(host, "b1", session, now + late_s / 2)
        host.evidence_at = now + math.floor(lasted_s)
        ended_at = now + lasted_s
        wait_s = waits.after_end(ended_at)
        if is_will_heard:
            hear_will(host, ended_at + late_s, proves_only_silence=False)
            assert wait_s <= wait_max_s(host, ended_at + late_s)
        now = ended_at + wait_s


@pytest.mark.parametrize(
    ("lasted_s", "wait_s"),
    [
        ([SURELY_LASTED_S], 1.0),
        ([5.0], 2.0),
        ([5.0, 5.0], 4.0),
        ([5.0, 5.0, 5.0], 8.0),
        ([5.0] * 4, RECONNECT_MAX_S),
        ([5.0] * 99, RECONNECT_MAX_S),
        ([5.0, 5.0, SURELY_LASTED_S], 1.0),
    ],
)
def test_brief_connections_in_a_row_make_an_agent_wait(
    host: Host, lasted_s: list[float], wait_s: float
) -> None:
    assert after(host, *lasted_s) == wait_s


def test_end_that_nobody_heard_counts_as_brief_if_it_may_be(host: Host) -> None:
    hear_session(host, "b1", 1, 0.0)
    host.evidence_at = 5.0
    hear_session(host, "b1", 2, 100.0)
    host.evidence_at = 200.0
    one = wait_max_s(host, 200.0)

    hear_session(host, "b1", 3, 201.0)

    assert (one, wait_max_s(host, 201.0)) == (2.0, 1.0)


def test_will_that_proves_only_silence_came_late(host: Host) -> None:
    hear_session(host, "b1", 1, 0.0)
    host.evidence_at = 5.0

    hear_will(host, 12.5, proves_only_silence=True)

    assert wait_max_s(host, 12.5) == 2.0


def test_will_that_was_on_its_way_makes_no_connection_last(host: Host) -> None:
    hear_session(host, "b1", 1, 0.0)

    hear_will(host, BRIEF_S + 0.5, proves_only_silence=False)

    assert wait_max_s(host, BRIEF_S + 0.5) == 2.0


def test_farewell_and_what_was_heard_before_do_not_count(host: Host) -> None:
    hear_session(host, "b1", 7, 0.0)
    hear_farewell(host)
    hear_session(host, "b1", 8, 1.0)
    hear_session(host, "b1", 7, 2.0)

    assert wait_max_s(host, 2.0) == 1.0
    assert after(host, SURELY_LASTED_S) == 1.0


def test_another_boot_has_counted_nothing(host: Host) -> None:
    after(host, 5.0, 5.0, 5.0)

    assert after(host, 5.0, boot="b2") == 2.0


def test_agent_that_was_told_of_another_one_waits_for_it(host: Host) -> None:
    host.boots = (KnownBoot("b2", told_at=100.0),)

    assert wait_max_s(host, 100.0 + TWIN_S - 1.0) == 2.0
    assert wait_max_s(host, 100.0 + TWIN_S) == 1.0


@pytest.mark.parametrize(
    ("announced_s", "wait_s"), [(0.5, 0.5), (3.0, 3.0), (60.0, LONGEST_WAIT_S)]
)
def test_agent_is_given_what_it_announced_up_to_a_bound(
    host: Host, announced_s: float, wait_s: float
) -> None:
    machine = Machine("STA", "s1")
    machine.reconnect_max_s = announced_s
    host.birth = machine.announced()

    assert after(host, *[5.0] * 6) == wait_s
