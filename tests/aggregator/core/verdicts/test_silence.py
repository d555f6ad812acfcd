"""Verdict on one silent host: the whole table of causes, and what each cell stands on."""

from itertools import product

import pytest

from aggregator.core.host import Host
from aggregator.core.verdicts.causes import Excuse, Reason
from aggregator.core.verdicts.silence import CAUSES, Answer, Inquiry, Reach, judge, reach_of
from tests.kit.machine import MARGIN_S

AT, HEARD_AT, CLOSED_AT, ANSWERED_AT = 20.0, 17.25, 18.0, 19.5


def silent_host(*, is_closed: bool = False) -> Host:
    """Return a host that beats each second, and was last heard at ``HEARD_AT``."""
    host = Host("STA", "s1", margin_s=MARGIN_S)
    host.allowance_s = 1.0 + MARGIN_S
    host.evidence_at = HEARD_AT
    host.session = 4
    host.closed_at = CLOSED_AT if is_closed else None
    return host


def asked(mute: str = "", *, is_over: bool = True, **reached: bool | None) -> Inquiry:
    """Return what came of asking the hosts that answered, and the ``mute``."""
    answers = [Answer(ANSWERED_AT, by, found, "icmp", "") for by, found in reached.items()]
    return Inquiry((*reached, *mute.split()), tuple(answers), is_over=is_over)


FOUND = {
    Reach.REACHED: asked("s4", s2=False, s3=True),
    Reach.UNREACHED: asked("s5 s4", s2=False, s3=None),
    Reach.NOT_KNOWN: asked("s3 s4", s2=None),
}
TABLE = [
    # closed, the neighbours found, the cause, its evidence
    (True, Reach.REACHED, "agent_stopped", "silence will probe probe"),
    (False, Reach.REACHED, "host_frozen", "silence probe probe"),
    (True, Reach.UNREACHED, "host_down", "silence will probe probe no_word"),
    (False, Reach.UNREACHED, "host_down", "silence probe probe no_word"),
    (True, Reach.NOT_KNOWN, "connection_lost", "silence will probe no_word"),
    (False, Reach.NOT_KNOWN, "silent", "silence probe no_word"),
]


def test_the_table_of_causes_has_every_cell() -> None:
    cells = {(is_closed, reach): cause for is_closed, reach, cause, _ in TABLE}

    assert set(cells) == set(product((True, False), Reach))
    assert cells == CAUSES


@pytest.mark.parametrize(("is_closed", "reach", "cause", "evidence"), TABLE)
def test_each_cell_gives_its_cause_and_its_evidence(
    *, is_closed: bool, reach: Reach, cause: str, evidence: str
) -> None:
    host = silent_host(is_closed=is_closed)

    verdict = judge(host, AT, others_heard=2, inquiry=FOUND[reach])

    assert verdict.cause == cause
    assert [seen.seen for seen in verdict.evidence] == evidence.split()


@pytest.mark.parametrize(
    ("inquiry", "reach"),
    [
        (asked(s2=True), Reach.REACHED),
        (asked(s2=False, s3=None, s4=True), Reach.REACHED),
        (asked("s3", is_over=False, s2=True), Reach.REACHED),
        (asked(s2=False, s3=False), Reach.UNREACHED),
        (asked("s4", s2=False, s3=None), Reach.UNREACHED),
        (asked("s3", is_over=False, s2=False), Reach.NOT_KNOWN),
        (asked(s2=None), Reach.NOT_KNOWN),
        (asked("s2 s3"), Reach.NOT_KNOWN),
        (Inquiry(is_over=True, obstacle="no other host of the venue is heard"), Reach.NOT_KNOWN),
        (Inquiry(), Reach.NOT_KNOWN),
    ],
    ids=str,
)
def test_one_neighbour_that_reached_it_decides(inquiry: Inquiry, reach: Reach) -> None:
    assert reach_of(inquiry) is reach


def test_evidence_says_by_whom_when_and_how_much() -> None:
    inquiry = FOUND[Reach.UNREACHED]
    timed_out = inquiry.answers[0]._replace(detail="timed out")
    excuses = [Excuse(Reason.STALL, 17.5, 17.75), Excuse(Reason.VOTES, 19.875, 30.0)]

    verdict = judge(
        silent_host(is_closed=True),
        AT,
        others_heard=2,
        inquiry=inquiry._replace(answers=(timed_out, inquiry.answers[1])),
        excuses=excuses,
    )

    silence = {"interval_s": 1.0, "margin_s": 1.75, "last_heard_s_ago": 2.75, "others_heard": 2}
    assert [tuple(seen) for seen in verdict.evidence] == [
        (AT, "centre", "silence", silence),
        (CLOSED_AT, "broker", "will", {"session": 4}),
        (17.5, "centre", "excuse", {"reason": Reason.STALL, "for_s": 0.25}),
        (19.875, "centre", "excuse", {"reason": Reason.VOTES, "for_s": 0.125}),
        (19.5, "s2", "probe", {"reached": False, "way": "icmp", "detail": "timed out"}),
        (19.5, "s3", "probe", {"reached": None, "way": "icmp"}),
        (AT, "centre", "no_word", {"of": "s4, s5"}),
    ]


def test_neighbours_are_not_called_mute_while_they_are_asked() -> None:
    verdict = judge(silent_host(), AT, others_heard=1, inquiry=asked("s2", is_over=False))

    assert [seen.seen for seen in verdict.evidence] == ["silence"]


def test_a_host_never_heard_has_no_last_time() -> None:
    host = silent_host()
    host.evidence_at = None

    verdict = judge(host, AT, others_heard=0)

    assert verdict.evidence[0].detail["last_heard_s_ago"] is None
