"""Content that must advance: a number and a clock in a page or a file, and how long they may rest.

1. An extractor takes each out of the content. A number is compared as a number, a clock as text.
2. One that is another than at the reading before has advanced, also a number that begins anew.
3. While the content says that nothing is running, nothing rests.
4. A content without the value has not advanced: a file may be half written. A value that was never
   found is ``unknown`` for as long as it may rest.
"""

from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec

from agent.checks import about
from agent.checks.extractors import Body, Extract, NoValueError
from agent.checks.patterns.matcher import UnmatchedError
from agent.checks.reading.limits import Finding, LimitedConfig
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.values import number_of, truth_of
from agent.checks.reading.words import short
from venuewatch.base.wire.checks import CheckState

_VALUE_MAX: Final = 40  # characters in a detail
_WHY_MAX: Final = 100

RestS = Annotated[float, msgspec.Meta(gt=0.0, le=604_800.0)]
_Fact: TypeAlias = Literal["number", "clock", "running"]
_Value: TypeAlias = int | float | str | bool


class AdvancingConfig(LimitedConfig, frozen=True, kw_only=True):
    """Settings of a kind whose content may have to advance.

    Raises:
        ValueError: nothing has to while it is ``running``.
    """

    number: Annotated[
        Extract | None, about("a number in the content that must advance", {"json": "/messageId"})
    ] = None
    number_rests_s: Annotated[RestS, about("how long `number` may rest, in s", 120.0)] = 300.0
    clock: Annotated[
        Extract | None, about("a text in the content that must change", {"xml": "Clock@Time"})
    ] = None
    clock_rests_s: Annotated[RestS, about("how long `clock` may rest, in s", 60.0)] = 90.0
    running: Annotated[
        Extract | None,
        about(
            "a truth in the content (`true`, `Y`, `1`, `live` …): while it is not, both may rest",
            {"xml": "Clock@Running"},
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.running is not None and not self.must_advance:
            raise ValueError("Expected `number` or `clock` beside `running`")
        super().__post_init__()

    @property
    def must_advance(self) -> bool:
        """Whether anything in the content has to advance."""
        return self.number is not None or self.clock is not None


class Resting:
    """One value, and since when it rests: pure. ``value`` is None before it was found."""

    def __init__(self, name: str, limit_s: float) -> None:
        self._name = name
        self._limit_s = limit_s
        self._moved: Now | None = None
        self._why = ""
        self.value: _Value | None = None

    def hear(self, value: _Value | None, why: str, now: Now, *, is_running: bool) -> None:
        """Take in the value at ``now``; None with the reason for none."""
        has_moved = value is not None and value != self.value
        if has_moved or self._moved is None or not is_running:
            self._moved = now
        if value is not None:
            self.value = value
        self._why = why

    def rest_s(self, now: Now) -> float:
        """Return how long it has rested."""
        return 0.0 if self._moved is None else now.monotonic_s - self._moved.monotonic_s

    def judge(self, now: Now) -> Finding:
        """Return ``critical`` if it has rested too long, and ``unknown`` before it was found."""
        rest_s = self.rest_s(now)
        why = f"; {self._why}" if self._why else ""
        if self.value is None:
            state: CheckState = "critical" if rest_s > self._limit_s else "unknown"
            return Finding(state, f"no {self._name} yet{why}")
        value = f"{self._name} is {short(self.value, _VALUE_MAX)}"
        if rest_s <= self._limit_s:
            return Finding("ok", value)
        return Finding("critical", f"{value} for {rest_s:.0f} s, limit {self._limit_s:g} s{why}")


class Progressed(NamedTuple):
    """What was judged. ``number`` is None where none is known, as ``rest_s`` where none rests."""

    findings: list[Finding]
    number: float | None = None
    rest_s: float | None = None


class Progress:
    """The values of one content, reading by reading."""

    def __init__(self, config: AdvancingConfig) -> None:
        facts: tuple[_Fact, ...] = ("number", "clock", "running")
        given = {fact: getattr(config, fact) for fact in facts}
        self._extractors = {fact: at.extractor() for fact, at in given.items() if at is not None}
        limits_s: dict[_Fact, float] = {
            "number": config.number_rests_s,
            "clock": config.clock_rests_s,
        }
        self._resting = {
            fact: Resting(fact, limit_s)
            for fact, limit_s in limits_s.items()
            if fact in self._extractors
        }
        self._is_running = True

    def judge(self, body: Body | None, now: Now, deadline: Deadline, why: str = "") -> Progressed:
        """Take in the content, and judge; None is one that can't be read, and ``why``."""
        if not self._resting:
            return Progressed([])
        try:
            taken = {fact: self._take(fact, body, deadline, why) for fact in self._extractors}
        except UnmatchedError as error:
            return self._judged(now, [Finding("unknown", str(error))])
        running, odd = taken.get("running", (None, ""))
        if isinstance(running, bool):
            self._is_running = running
        for fact, one in self._resting.items():
            value, lacks = taken[fact]
            one.hear(value, lacks or odd, now, is_running=self._is_running)
        return self._judged(now, [])

    def _judged(self, now: Now, findings: list[Finding]) -> Progressed:
        findings += [one.judge(now) for one in self._resting.values()]
        if not self._is_running:
            findings.append(Finding("ok", "not running"))
        number = self._resting["number"].value if "number" in self._resting else None
        return Progressed(
            findings,
            float(number) if isinstance(number, int | float) else None,
            max(one.rest_s(now) for one in self._resting.values()),
        )

    def _take(
        self, fact: _Fact, body: Body | None, deadline: Deadline, why: str
    ) -> tuple[_Value | None, str]:
        """Return the value; None with the reason for none. Raises UnmatchedError."""
        if body is None:
            return None, why
        try:
            text = self._extractors[fact].take(body, deadline)
        except NoValueError as error:
            return None, short(f"the body {error}", _WHY_MAX)
        value: _Value | None = text
        if fact == "number":
            value = number_of(text)
        elif fact == "running":
            value = truth_of(text)
        return value, "" if value is not None else f"{fact} is {short(text, _VALUE_MAX)!r}"
