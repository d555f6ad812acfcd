"""Limits of a value, and findings: each has a state, and the worst is the reading's."""

import operator
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from agent.checks import CheckConfig, Reading
from venuewatch.base.wire.checks import CheckState, CheckValues

_SEVERITY: tuple[CheckState, ...] = ("ok", "unknown", "warning", "critical")

Side: TypeAlias = Literal["over", "from", "under"]

_IS_BAD: Final[Mapping[Side, Callable[[float, float], bool]]] = {
    "over": operator.gt,
    "from": operator.ge,
    "under": operator.lt,
}

_SIDES: Final[Mapping[str, Side]] = {"used_ratio": "from", "free_bytes": "under", "days": "under"}
"""The sides of those quantities that are not bad ``over`` their limits."""


class Finding(NamedTuple):
    """One thing that was looked at: its state, and a few words for the detail."""

    state: CheckState
    text: str = ""


class Limits(msgspec.Struct, frozen=True):
    """Both limits, None for none, and the ``side`` of them on which a value is bad.

    Raises:
        ValueError: the value would be critical before it is a warning.
    """

    warning: float | None
    critical: float | None
    side: Side = "over"

    def __post_init__(self) -> None:
        if self.warning is None or self.critical is None or self.warning == self.critical:
            return
        if (self.warning < self.critical) is (self.side == "under"):
            order = "below" if self.side == "under" else "above"
            limits = f"a warning limit ({self.warning:.15g}) not {order} the critical one"
            raise ValueError(f"Expected {limits} ({self.critical:.15g})")

    def state(self, value: float) -> CheckState:
        """Return the state that a value means: ``ok``, ``warning`` or ``critical``."""
        is_bad = _IS_BAD[self.side]
        if self.critical is not None and is_bad(value, self.critical):
            return "critical"
        return "warning" if self.warning is not None and is_bad(value, self.warning) else "ok"

    def judge(self, value: float, words: str) -> Finding:
        """Return the state of a value, in ``words``, with the limit that it is beyond."""
        state = self.state(value)
        if state == "ok":
            return Finding(state, words)
        limit = self.critical if state == "critical" else self.warning
        return Finding(state, f"{words}, {self.side} {limit:g}")


class LimitedConfig(CheckConfig, frozen=True):
    """Settings of a check with limits: beside each ``warning_X`` stands a ``critical_X``.

    Raises:
        ValueError: two of them disagree.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name.startswith("warning_"):
                self.limits(name.removeprefix("warning_"))

    def limits(self, of: str) -> Limits:
        """Return the limits ``warning_OF`` and ``critical_OF``."""
        warning, critical = getattr(self, f"warning_{of}"), getattr(self, f"critical_{of}")
        return Limits(warning, critical, _SIDES.get(of, "over"))


def together(findings: list[Finding], values: CheckValues) -> Reading:
    """Return the worst of the findings as the reading, with the words of those as bad as it."""
    worst = max((finding.state for finding in findings), key=_SEVERITY.index)
    texts = [finding.text for finding in findings if finding.state == worst and finding.text]
    return Reading(worst, "; ".join(texts), values)
