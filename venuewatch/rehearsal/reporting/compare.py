"""Compares two runs kind by kind: only kinds of the same text, and only what both have judged."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from venuewatch.rehearsal.reporting.counting import tally
from venuewatch.rehearsal.reporting.model import Compared, Comparison, Entry, Tally
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.marks import MEASURES

BETTER: Final = "better"
WORSE: Final = "worse"
SAME: Final = "same"
NOT_JUDGED: Final = "not judged in both"
CHANGES: Final = (WORSE, BETTER, SAME, NOT_JUDGED)


def compare(
    against: str,
    before: tuple[Sequence[Entry], Mapping[int, Scenario]],
    now: tuple[Sequence[Entry], Mapping[int, Scenario]],
) -> Comparison:
    """Compare two runs: the scenarios of each as a report has them, and as they were planned."""
    old, new = _by_kind(before[0]), _by_kind(now[0])
    old_texts, new_texts = _texts(before[1]), _texts(now[1])
    both = sorted(old.keys() & new.keys())
    same = [kind for kind in both if old_texts[kind] == new_texts[kind]]
    kinds = [_compared(kind, old[kind], new[kind]) for kind in same]
    return Comparison(
        against,
        tuple(sorted(kinds, key=lambda one: (CHANGES.index(one.change), one.kind))),
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(kind for kind in both if kind not in same),
    )


def change_of(before: Tally, now: Tally) -> str:
    """Return which way a share of passed in judged went, by whole numbers."""
    if not before.judged or not now.judged:
        return NOT_JUDGED
    was, has = before.passed * now.judged, now.passed * before.judged
    if was == has:
        return SAME
    return BETTER if has > was else WORSE


def _compared(kind: str, before: Sequence[Entry], now: Sequence[Entry]) -> Compared:
    one, other = (tally(kind, (each.verdict for each in all_)) for all_ in (before, now))
    return Compared(kind, one, other, change_of(one, other), tuple(_measures(before, now)))


def _measures(before: Sequence[Entry], now: Sequence[Entry]) -> Iterator[str]:
    for name in MEASURES:
        one, other = (
            tally(name, (each.measures[name][0] for each in all_)) for all_ in (before, now)
        )
        change = change_of(one, other)
        if change in {BETTER, WORSE}:
            yield (
                f"{name} {change}: {one.passed} of {one.judged} before,"
                f" {other.passed} of {other.judged} now"
            )


def _by_kind(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        found[one.kind].append(one)
    return found


def _texts(scenarios: Mapping[int, Scenario]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in scenarios.values():
        found[one.kind].add(one.kind_id)
    return found
