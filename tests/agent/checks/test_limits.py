"""Limits of a check: the warning comes first, or the configuration is refused."""

from typing import Any

import msgspec
import pytest

from agent import checks
from agent.checks.reading.limits import Limits, Side

PLACE = {
    "disk": {"path": "/"},
    "http": {"url": "https://results.example.org/"},
    "ntp": {"address": "10.1.0.1"},
    "ping": {"address": "10.1.0.1"},
    "tls": {"address": "10.1.0.1"},
}
UNDER = {"free_bytes", "days"}
"""What is bad when there is little of it."""


def pairs() -> list[tuple[str, str]]:
    """Return the kinds and the names of their limits, found in their fields."""
    return [
        (kind, name.removeprefix("warning_"))
        for kind in checks.kinds()
        for name in checks.load(kind).Config.__struct_fields__
        if name.startswith("warning_")
    ]


def made(kind: str, **limits: float) -> Any:
    entry = {"kind": kind, "name": "it", **PLACE.get(kind, {}), **limits}
    return msgspec.convert(entry, checks.load(kind).Config)


def test_six_kinds_have_limits() -> None:
    assert {kind for kind, _ in pairs()} == {*PLACE, "gateway"}


@pytest.mark.parametrize(("kind", "of"), pairs())
def test_warning_limit_beyond_critical_is_refused_in_words(kind: str, of: str) -> None:
    worse, milder = (1, 2) if of in UNDER else (0.9, 0.1)
    order = "below" if of in UNDER else "above"

    made(kind, **{f"warning_{of}": milder, f"critical_{of}": worse})
    with pytest.raises(msgspec.ValidationError) as refused:
        made(kind, **{f"warning_{of}": worse, f"critical_{of}": milder})

    limits = f"a warning limit ({worse}) not {order} the critical one ({milder})"
    assert str(refused.value) == f"Expected {limits}"


@pytest.mark.parametrize(
    ("side", "states"),
    [
        ("over", ["ok", "ok", "warning", "warning", "critical"]),
        ("from", ["ok", "warning", "warning", "critical", "critical"]),
        ("under", ["critical", "warning", "warning", "ok", "ok"]),
    ],
)
def test_limits_split_values_into_states(side: Side, states: list[str]) -> None:
    limits = Limits(3, 1, "under") if side == "under" else Limits(1, 3, side)

    assert [limits.state(value) for value in (0, 1, 2, 3, 4)] == states


def test_one_limit_or_none_is_enough() -> None:
    assert [Limits(1, None).state(9), Limits(None, 1).state(9)] == ["warning", "critical"]
    assert Limits(None, None).state(9) == "ok"
    assert Limits(2, 2).state(9) == "critical"


def test_value_beyond_its_limit_names_the_limit() -> None:
    texts = [Limits(1, 3).judge(value, f"{value} s").text for value in (1, 2, 4)]

    assert texts == ["1 s", "2 s, over 1", "4 s, over 3"]
