"""Improvements that a run asks for: a kind and the measure that it failed, with owner and due date.

Owners and dates are filled in by people: in a TOML file that the next report reads again.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from venuewatch.base import config
from venuewatch.rehearsal.reporting.model import Entry, Improvement
from venuewatch.rehearsal.score.marks import MeasureName

_Text = Annotated[str, msgspec.Meta(max_length=300)]


class Assigned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who mends what until when; ``due`` as in 2027-01-31, "" where it is open."""

    kind: _Text
    measure: MeasureName
    owner: _Text = ""
    due: str = ""
    note: _Text = ""

    def __post_init__(self) -> None:
        if self.due:
            try:
                dt.date.fromisoformat(self.due)
            except ValueError:
                raise ValueError('Expected `due` to be a date in quotes, as "2027-01-31"') from None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    improvement: tuple[Assigned, ...] = ()

    def __post_init__(self) -> None:
        keys = [(one.kind, one.measure) for one in self.improvement]
        if len(set(keys)) < len(keys):
            raise ValueError("Expected each pair of `kind` and `measure` once")


def load(path: Path) -> tuple[Assigned, ...]:
    """Read who mends what.

    Raises:
        ConfigError: it can't be read, or is no such file.
    """
    return config.load(path, _File).improvement


def improvements(entries: Sequence[Entry], assigned: Sequence[Assigned]) -> Iterator[Improvement]:
    """Yield what failed, those with most scenarios first; then what was assigned and did not."""
    failed: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    why: dict[tuple[str, str], str] = {}
    for one in entries:
        if one.verdict == "fail":
            for measure, reason in one.wrong.items():
                failed[one.kind, measure].append(one)
                why.setdefault((one.kind, measure), reason)
    known = {(one.kind, str(one.measure)): one for one in assigned}
    for key in sorted(failed, key=lambda key: (-len(failed[key]), key)):
        numbers = tuple(one.number for one in failed[key])
        yield _improvement(key, numbers, why[key], known.pop(key, None))
    for key, said in known.items():
        yield _improvement(key, (), "not failed in this run", said)


def _improvement(
    key: tuple[str, str], numbers: tuple[int, ...], why: str, said: Assigned | None
) -> Improvement:
    people = ("", "", "") if said is None else (said.owner, said.due, said.note)
    return Improvement(*key, numbers, why, *people)
