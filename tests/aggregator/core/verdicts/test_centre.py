"""Verdict on the centre: the broker's port decides between the broker and our own ear."""

from typing import get_args

import pytest

from aggregator.core.verdicts.centre import Blindness, Missing, Port, judge


@pytest.mark.parametrize("missing", get_args(Missing))
@pytest.mark.parametrize(
    ("port", "cause"),
    [
        ("refuses", "broker_down"),
        ("silent", "broker_down"),
        ("answers", "aggregator_blind"),
        (None, "aggregator_blind"),
    ],
)
def test_the_port_decides_whatever_is_missing(
    missing: Missing, port: Port | None, cause: str
) -> None:
    verdict = judge(Blindness(20.0, 14.0, missing, port))

    assert verdict.cause == cause
    assert verdict.evidence[0].detail["missing"] == missing


def test_our_own_blindness_is_dated_and_names_the_port() -> None:
    (seen,) = judge(Blindness(20.0, 14.0, "canary", "answers")).evidence

    assert tuple(seen) == (14.0, "centre", "blindness", {"missing": "canary", "port": "answers"})


def test_a_broker_down_lists_blindness_and_port() -> None:
    blindness, port = judge(Blindness(20.0, 14.0, "canary", "refuses")).evidence

    assert tuple(blindness) == (14.0, "centre", "blindness", {"missing": "canary"})
    assert tuple(port) == (20.0, "centre", "port", {"says": "refuses"})
