"""The honest word for not knowing why a host says nothing."""

import pytest

from aggregator.core.cases import Inquiry
from aggregator.core.rules.silent import judge
from tests.aggregator.cases import asked, cause_of, evidence_of, silence


@pytest.mark.parametrize("inquiry", [Inquiry(), asked(mute=("s2",))])
def test_a_silence_that_nobody_explains_is_called_silent(inquiry: Inquiry) -> None:
    assert cause_of(judge(silence(inquiry=inquiry))) == "silent"


def test_while_neighbours_are_asked_nobody_is_said_to_have_kept_quiet() -> None:
    seen = evidence_of(judge(silence(inquiry=asked(mute=("s2",), is_over=False))))

    assert list(seen) == ["silence"]


def test_it_says_why_nobody_could_be_asked() -> None:
    nobody = Inquiry(is_over=True, obstacle="no other host of the venue is heard")

    seen = evidence_of(judge(silence(inquiry=nobody)))

    assert seen["nobody_to_ask"].detail == {"why": "no other host of the venue is heard"}


def test_a_host_that_was_never_heard_has_no_last_time() -> None:
    case = silence()
    case.host.evidence_at = None

    assert evidence_of(judge(case))["silence"].detail["last_heard_s_ago"] is None
