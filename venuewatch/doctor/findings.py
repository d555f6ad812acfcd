"""Makes the checks of an installation in their order, and keeps one fault to one line.

1. A check is made once those that it needs are made.
2. Where one of these is not well, it is not made. The fault is theirs to tell.
3. A check that fails itself is a finding, too: the others go on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from venuewatch.base.config import in_words, one_line

State: TypeAlias = Literal["well", "wrong", "unknown", "skipped"]

STYLES: Final[Mapping[State, str]] = {
    "well": "well",
    "wrong": "critical",
    "unknown": "warning",
    "skipped": "dim",
}
"""The colours of the states, by their names in ``venuewatch.terminal.style``."""


class Finding(NamedTuple):
    """One line about an installation. ``todo``: the operator's next step, "" where there is none.

    ``unknown``: it could not be looked at. ``skipped``: there is nothing to look at, or what it
    needs is not well. ``is_usable``: it is wrong, and works all the same today.
    """

    state: State
    text: str
    todo: str = ""
    check: str = ""
    is_usable: bool = False

    @property
    def hides_more(self) -> bool:
        """Whether checks that need this one would only find the same fault."""
        return self.state == "skipped" or (self.state == "wrong" and not self.is_usable)

    @property
    def line(self) -> str:
        """The finding as people read it."""
        todo = f". {self.todo}" if self.todo else ""
        return one_line(f"{self.state:8} {self.check:12} {self.text}{todo}")


class Check(Protocol):
    """A module of ``venuewatch/doctor/checks``, as :mod:`venuewatch.doctor.checks` says."""

    PLACES: frozenset[str]
    NEEDS: tuple[str, ...]

    def look(self, site: Any) -> Any:
        """Ask the system."""

    def judge(self, facts: Any) -> Sequence[Finding]:
        """Decide."""


def well(text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding("well", text)


def wrong(text: str, todo: str, *, is_usable: bool = False) -> Finding:
    """Return a fault, and what to do about it."""
    return Finding("wrong", text, todo, is_usable=is_usable)


def unknown(text: str, todo: str = "") -> Finding:
    """Return that something could not be looked at."""
    return Finding("unknown", text, todo)


def skipped(text: str) -> Finding:
    """Return that there is nothing to look at."""
    return Finding("skipped", text)


def examine(checks: Mapping[str, Any], site: Any, place: str) -> Iterator[Finding]:
    """Yield the findings of the checks for a place, each once those it needs are made."""
    unwell: set[str] = set()
    for name in in_order({name: checks[name].NEEDS for name in checks}):
        check: Check = checks[name]
        if place not in check.PLACES:
            continue
        before = [need for need in check.NEEDS if need in unwell]
        if before:
            found: Sequence[Finding] = [skipped(f"not looked at before {before[0]} is well")]
        else:
            found = _made(check, site)
        if any(each.hides_more for each in found):
            unwell.add(name)
        yield from (each._replace(check=name) for each in found)


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names, each behind those that it needs, else as they come.

    Raises:
        ValueError: a need is no check, or checks need each other; that is our bug.
    """
    ordered: list[str] = []
    left = dict(needs)
    while left:
        ready = [name for name in left if set(left[name]) <= set(ordered)]
        if not ready:
            raise ValueError(f"these checks wait for each other: {', '.join(left)}")
        ordered.append(ready[0])
        del left[ready[0]]
    return ordered


def is_any_wrong(found: Iterable[Finding]) -> bool:
    """Tell whether anything is wrong."""
    return any(each.state == "wrong" for each in found)


def _made(check: Check, site: Any) -> Sequence[Finding]:
    try:
        return check.judge(check.look(site))
    except OSError as error:
        return [unknown(f"it can't be looked at: {in_words(error)}", "Run the doctor as root")]
    except Exception as error:  # noqa: BLE001 - one check's bug must not hide the others' findings
        return [unknown(f"this check failed: {type(error).__name__}: {error}")]
