"""Lines of a report for a terminal: counts, times, what is worse, and what to improve."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from venuewatch.rehearsal.reporting.compare import BETTER, SAME, WORSE
from venuewatch.rehearsal.reporting.model import VERDICT, Grouping, Report, plain, seconds

_MOST_SHOWN = 50
_VERDICTS = ("judged", *VERDICT.values())


def show(console: Console, report: Report) -> None:
    """Print a report."""
    for grouping in (report.measures, *report.groupings):
        _show_tallies(console, grouping)
    heading = ("measure", "number", "never", "shortest", "median", "p90", "p99", "longest")
    rows = []
    for one in report.times:
        values = (one.shortest_s, one.median_s, one.p90_s, one.p99_s, one.longest_s)
        rows.append((one.measure, one.number, one.never, *map(seconds, values)))
    _show_table(console, "times", heading, rows)
    _show_failed(console, report)
    _show_comparison(console, report)
    console.print(Text(report.headline, style="bold"))


def _show_tallies(console: Console, grouping: Grouping) -> None:
    rows = [
        (one.name, one.judged, one.passed, one.failed, one.void, one.not_judged)
        for one in grouping.tallies
    ]
    _show_table(console, f"by {grouping.by}", (grouping.by, *_VERDICTS), rows)


def _show_failed(console: Console, report: Report) -> None:
    failed = report.with_verdict("fail")
    if failed:
        timeline = [
            (
                one.number,
                one.kind,
                line.subject,
                *(seconds(moment.after_s) for moment in line.moments),
            )
            for one in failed
            for line in one.lines
        ]
        words = [moment.word for moment in failed[0].lines[0].moments] if failed[0].lines else []
        if timeline and words:
            heading = ("no.", "kind", "subject", *words)
            _show_table(console, "failed, from the begin of each", heading, timeline)
    if report.improvements:
        rows = [
            (one.kind, one.measure, len(one.numbers), one.why, one.owner, one.due)
            for one in report.improvements
        ]
        heading = ("kind", "measure", "scenarios", "for instance", "owner", "due")
        _show_table(console, "improvements", heading, rows)


def _show_comparison(console: Console, report: Report) -> None:
    found = report.comparison
    if found is None:
        return
    rows = [
        (
            one.kind,
            one.change,
            f"{one.before.passed} of {one.before.judged}",
            f"{one.now.passed} of {one.now.judged}",
            "; ".join(one.measures),
        )
        for one in found.kinds
        if one.change in {WORSE, BETTER} or one.measures
    ]
    against = plain(found.against)
    _show_table(console, f"against {against}", ("kind", "change", "before", "now", "how"), rows)
    counts = ", ".join(f"{found.with_change(change)} {change}" for change in (WORSE, BETTER, SAME))
    console.print(Text(f"kinds: {counts}, {len(found.new)} new, {len(found.gone)} gone"))


def _show_table(
    console: Console, title: str, heading: Iterable[str], rows: Sequence[tuple[object, ...]]
) -> None:
    table = Table(title=Text(title), title_justify="left")
    for name in heading:
        table.add_column(name)
    for row in rows[:_MOST_SHOWN]:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)
    if len(rows) > _MOST_SHOWN:
        console.print(f"and {len(rows) - _MOST_SHOWN} more: the page has them")
