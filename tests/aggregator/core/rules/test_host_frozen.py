"""The machine answers its neighbours, and says nothing to us."""

import pytest

from aggregator.core.cases import Inquiry
from aggregator.core.rules.host_frozen import judge
from tests.aggregator.cases import (
    CLOSED_AT,
    REACHED,
    UNREACHED,
    asked,
    cause_of,
    evidence_of,
    silence,
)


def test_a_silent_machine_that_answers_hangs() -> None:
    assert cause_of(judge(silence(inquiry=REACHED))) == "host_frozen"


def test_one_whose_connection_was_closed_does_not_hang() -> None:
    assert judge(silence(closed_at=CLOSED_AT, inquiry=REACHED)) is None


@pytest.mark.parametrize("inquiry", [UNREACHED, asked(mute=("s2",)), Inquiry()])
def test_one_that_nobody_reached_is_not_known_to_hang(inquiry: Inquiry) -> None:
    assert judge(silence(inquiry=inquiry)) is None


def test_it_lists_the_silence_and_who_reached_it() -> None:
    seen = evidence_of(judge(silence(inquiry=REACHED)))

    assert list(seen) == ["silence", "probe"]
    assert seen["probe"].by == "s2"
