"""The machine is gone: who could try found no way to it."""

import pytest

from aggregator.core.cases import Inquiry
from aggregator.core.evidence import Verdict
from aggregator.core.rules.host_down import judge
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


@pytest.mark.parametrize("closed_at", [None, CLOSED_AT])
def test_a_machine_that_no_neighbour_reaches_is_down(closed_at: float | None) -> None:
    assert cause_of(judge(silence(closed_at=closed_at, inquiry=UNREACHED))) == "host_down"


def test_one_neighbour_that_could_try_is_enough() -> None:
    inquiry = asked(word("s2", is_reached=False), word("s3", is_reached=None), mute=("s4",))

    assert cause_of(judge(silence(inquiry=inquiry))) == "host_down"


@pytest.mark.parametrize(
    "inquiry",
    [
        REACHED,
        asked(word("s2", is_reached=False), word("s3", is_reached=True)),
        asked(word("s2", is_reached=False), mute=("s3",), is_over=False),
        asked(word("s2", is_reached=None)),
        asked(mute=("s2", "s3")),
        Inquiry(is_over=True, obstacle="no other host of the venue is heard"),
        Inquiry(),
    ],
    ids=["reached", "reached by one", "not over", "no way to ask", "no word", "nobody", "not yet"],
)
def test_nobody_is_declared_dead_whom_no_neighbour_looked_for_in_vain(inquiry: Inquiry) -> None:
    assert judge(silence(inquiry=inquiry)) is None


def test_it_lists_every_word_and_who_gave_none() -> None:
    inquiry = asked(
        word("s2", is_reached=False, detail="timed out"),
        word("s3", is_reached=None),
        mute=("s5", "s4"),
    )

    said = judge(silence(inquiry=inquiry))

    assert isinstance(said, Verdict)
    assert [(seen.seen, seen.by) for seen in said.evidence] == [
        ("silence", "centre"),
        ("probe", "s2"),
        ("probe", "s3"),
        ("no_word", "centre"),
    ]
    assert said.evidence[1].detail == {"reached": False, "way": "icmp", "detail": "timed out"}
    assert said.evidence[2].detail == {"reached": None, "way": "icmp"}
    assert evidence_of(said)["no_word"].detail == {"of": "s4, s5"}
