"""Markdown of a report: what a team pastes into its own pages; names can not be markup."""

import string
from collections.abc import Iterable, Iterator

from venuewatch.rehearsal.reporting.model import VERDICT, Grouping, Report, Times, plain, seconds

ENTRIES_MAX = 200
_SIGNS = {ord(sign): f"\\{sign}" for sign in string.punctuation if sign not in " ,;'()/"}
_SIGNS |= {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}
_VERDICTS = ("judged", *VERDICT.values())


def in_markdown(report: Report) -> str:
    """Return a report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def text(of: object) -> str:
    """Return a text of others so that no sign of it is markup, a tag or a link."""
    return plain(of).translate(_SIGNS)


def _lines(report: Report) -> Iterator[str]:
    yield f"# Rehearsal: {text(report.run)}"
    yield f"\n**{report.headline}**\n"
    yield from (f"* {text(miss)}" for miss in report.misses)
    yield ""
    yield from _table(("about", "is"), report.about)
    for grouping in (report.measures, *report.groupings):
        yield f"\n## By {grouping.by}\n"
        yield from _tallies(grouping)
    yield "\n## Times\n"
    heading = ("measure", "number", "never", "shortest", "median", "p90", "p99", "longest")
    yield from _table(heading, (_times(one) for one in report.times))
    yield from _failed(report)
    yield "\n## Improvements\n"
    yield from _table(
        ("kind", "measure", "scenarios", "for instance", "owner", "due", "note"),
        (
            (one.kind, one.measure, len(one.numbers), one.why, one.owner, one.due, one.note)
            for one in report.improvements
        ),
    )
    yield from _comparison(report)


def _times(one: Times) -> tuple[object, ...]:
    values = (one.shortest_s, one.median_s, one.p90_s, one.p99_s, one.longest_s)
    return (one.measure, one.number, one.never, *map(seconds, values))


def _tallies(grouping: Grouping) -> Iterator[str]:
    return _table(
        (grouping.by, *_VERDICTS),
        (
            (one.name, one.judged, one.passed, one.failed, one.void, one.not_judged)
            for one in grouping.tallies
        ),
    )


def _failed(report: Report) -> Iterator[str]:
    failed = report.with_verdict("fail")
    yield f"\n## Failed scenarios ({len(failed)})\n"
    yield from _table(
        ("number", "kind", "venue", "wrong", "why"),
        (
            (one.number, one.kind, one.venue, ", ".join(one.wrong), "; ".join(one.whys))
            for one in failed[:ENTRIES_MAX]
        ),
    )
    if len(failed) > ENTRIES_MAX:
        yield f"\nand {len(failed) - ENTRIES_MAX} more: the CSV has all"
    if report.between:
        yield f"\n## False alarms between scenarios ({len(report.between)})\n"
        yield from _table(
            ("world", "at", "subject", "cause"),
            (
                (one.world, seconds(one.at), one.subject, one.cause)
                for one in report.between[:ENTRIES_MAX]
            ),
        )


def _comparison(report: Report) -> Iterator[str]:
    found = report.comparison
    if found is None:
        return
    yield f"\n## Against {text(found.against)}\n"
    yield from _table(
        ("kind", "change", "passed before", "judged before", "passed now", "judged now", "how"),
        (
            (
                *(one.kind, one.change, one.before.passed, one.before.judged),
                *(one.now.passed, one.now.judged, "; ".join(one.measures)),
            )
            for one in found.kinds
        ),
    )
    for word, kinds in (
        ("New", found.new),
        ("Gone", found.gone),
        ("Not compared, as their text has changed", found.changed),
    ):
        yield f"\n{word}: {', '.join(map(text, kinds)) or 'none'}"


def _table(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    names = tuple(heading)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(text, row))} |"
