"""The machine lives and its agent does not."""

import pytest

from aggregator.core.cases import Inquiry
from aggregator.core.rules.agent_stopped import judge
from tests.aggregator.cases import (
    CLOSED_AT,
    REACHED,
    UNREACHED,
    asked,
    cause_of,
    evidence_of,
    silence,
    word,
)


def test_a_closed_connection_and_a_machine_that_answers_are_a_stopped_agent() -> None:
    assert cause_of(judge(silence(closed_at=CLOSED_AT, inquiry=REACHED))) == "agent_stopped"


def test_one_neighbour_that_reaches_it_is_enough() -> None:
    inquiry = asked(
        word("s2", is_reached=False), word("s3", is_reached=None), word("s4", is_reached=True)
    )

    assert cause_of(judge(silence(closed_at=CLOSED_AT, inquiry=inquiry))) == "agent_stopped"


def test_without_a_will_nobody_stopped_it() -> None:
    assert judge(silence(inquiry=REACHED)) is None


@pytest.mark.parametrize("inquiry", [UNREACHED, asked(mute=("s2",)), Inquiry()])
def test_a_machine_that_nobody_reached_is_not_known_to_live(inquiry: Inquiry) -> None:
    assert judge(silence(closed_at=CLOSED_AT, inquiry=inquiry)) is None


def test_it_lists_the_silence_the_will_and_the_neighbours_word() -> None:
    seen = evidence_of(judge(silence(closed_at=CLOSED_AT, heard=2, inquiry=REACHED)))

    assert list(seen) == ["silence", "will", "probe"]
    assert seen["silence"].detail == {
        "interval_s": 1.0,
        "margin_s": 1.75,
        "last_heard_s_ago": 2.75,
        "others_heard": 2,
    }
    assert (seen["will"].at, seen["will"].by) == (CLOSED_AT, "broker")
    assert seen["will"].detail == {"session": 4}
    assert (seen["probe"].at, seen["probe"].by) == (19.5, "s2")
    assert seen["probe"].detail == {"reached": True, "way": "icmp"}
