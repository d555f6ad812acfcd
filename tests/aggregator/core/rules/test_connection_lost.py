"""The connection was closed, and more is not known."""

from aggregator.core.cases import Inquiry
from aggregator.core.rules.connection_lost import judge
from tests.aggregator.cases import CLOSED_AT, asked, cause_of, evidence_of, silence


def test_a_closed_connection_is_said_to_be_one() -> None:
    assert cause_of(judge(silence(closed_at=CLOSED_AT))) == "connection_lost"


def test_a_silence_without_a_will_is_not() -> None:
    assert judge(silence()) is None


def test_it_lists_the_will_and_says_who_gave_no_word() -> None:
    seen = evidence_of(judge(silence(closed_at=CLOSED_AT, inquiry=asked(mute=("s2", "s3")))))

    assert list(seen) == ["silence", "will", "no_word"]
    assert seen["no_word"].detail == {"of": "s2, s3"}


def test_it_says_why_nobody_could_be_asked() -> None:
    nobody = Inquiry(is_over=True, obstacle="the inventory has no address for it")

    seen = evidence_of(judge(silence(closed_at=CLOSED_AT, inquiry=nobody)))

    assert seen["nobody_to_ask"].detail == {"why": "the inventory has no address for it"}
