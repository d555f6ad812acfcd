"""Prints the result of a rehearsal: tables of 80 columns, and the assumptions behind them."""

from collections import defaultdict
from collections.abc import Sequence
from string import ascii_letters

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venuewatch.rehearsal.margins.links import CENTRE, HOST, LINKS, LinkModel, Often
from venuewatch.rehearsal.report import DEFINITION, Choice, Row, rows
from venuewatch.rehearsal.run import LinkResult, RehearsalResult
from venuewatch.rehearsal.verdicts import MatrixRow

_EXACT_BELOW = 100


def show(console: Console, result: RehearsalResult, chosen: Sequence[Choice]) -> None:
    """Print everything."""
    by_link: dict[str, list[Row]] = defaultdict(list)
    for row in rows(result):
        by_link[row.link].append(row)
    for found in result.links:
        console.print(_detectors(found.link, by_link[found.link]))
        console.print(_peace(found), highlight=False)
    if result.verdicts:
        _show_matrix(console, result.verdicts)
    if chosen:
        console.print(_choices(chosen))
    _explain(console, result)


def _new_table(title: str, first: str, *figures: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column(first, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _detectors(link: str, found: Sequence[Row]) -> Table:
    figures = ("margin\ns", "host-\ndays", "false\nalarms", "per\n1,000", "95 %\nup to")
    times = ("mean\ns", "p99\ns", "max\ns")
    kills = max((row.kills for row in found), default=0)
    table = _new_table(f"{link}, detection times of {kills} kills", "", *figures, *times)
    for row in found:
        table.add_row(
            row.detector,
            _figure(row.margin_s, 1),
            f"{row.host_days:,.0f}",
            f"{row.false_alarms:,}",
            _rate(row.per_1000),
            _rate(row.upper95_per_1000),
            _figure(row.detection_mean_s, 2),
            _figure(row.detection_p99_s, 2),
            _figure(row.detection_max_s, 2),
        )
    return table


def _peace(found: LinkResult) -> str:
    judged = found.judged
    others = ", ".join(f"{count} {what}" for what, count in sorted(judged.oddities.items()))
    return (
        f"{judged.outages} outages, {judged.noticed} accusations on them; {judged.unsettled} found"
        f" no peace; incidents about the centre: {judged.centre}, about anything else:"
        f" {others or 'none'}"
    )


def _show_matrix(console: Console, found: Sequence[MatrixRow]) -> None:
    """Faults down, causes across, each under its letter; what is not as expected stands out."""
    letters = dict(zip(sorted({said.cause for said in found}), ascii_letters, strict=False))
    by_fault: dict[str, dict[str, MatrixRow]] = defaultdict(dict)
    for verdict in found:
        by_fault[verdict.fault][verdict.cause] = verdict
    first = max(map(len, by_fault))
    width = 1 + max(len(str(verdict.trials)) for verdict in found)
    heading = "".join(f"{letter:>{width}}" for letter in letters.values())
    _line(console, Text(f"{'what was said of which fault':{first}}{heading}", style="bold"))
    for fault, said in by_fault.items():
        line = Text(f"{fault:{first}}")
        for cause in letters:
            verdict_of = said.get(cause)
            count = "." if verdict_of is None else str(verdict_of.trials)
            is_wrong = verdict_of is not None and not verdict_of.is_right
            line.append(f"{count:>{width}}", style="bold red" if is_wrong else "")
        _line(console, line)
    width = max(map(len, letters))
    named = [f"{letter} {cause:{width}}" for cause, letter in letters.items()]
    for at in range(0, len(named), 2):
        _line(console, Text("  " + "  ".join(named[at : at + 2])))


def _line(console: Console, text: Text) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _choices(chosen: Sequence[Choice]) -> Table:
    figures = ("chosen\ns", "shipped\ns", "host-\ndays", "false\nalarms", "95 %\nup to")
    table = _new_table(
        "the least margins by other seeds, and what those shipped come to on them", "link", *figures
    )
    for choice in chosen:
        table.add_row(
            choice.link,
            _figure(choice.chosen_s, 1) or "too few",
            _figure(choice.shipped_s, 1),
            f"{choice.host_days:,.0f}",
            f"{choice.false_alarms_at_shipped:,}",
            _rate(choice.upper95_per_1000_at_shipped),
        )
    return table


def _explain(console: Console, result: RehearsalResult) -> None:
    tcp = result.plan.tcp
    console.print(f"\n{DEFINITION}\n\nAssumed, by class of link, of one venue:", highlight=False)
    for name in result.plan.links:
        console.print(f"  {name}: {_assumed(LINKS[name])}", highlight=False)
    console.print(
        f"  every host: a beat each {HOST.interval_s:g} s; stalls {_often(HOST.stall)}, freezes"
        f" {_often(HOST.freeze)}; outages {_often(HOST.outage)}\n"
        f"  the centre: the broker stalls {_often(CENTRE.broker_stall)}, the aggregator"
        f" {_often(CENTRE.aggregator_stall)}, and knows it from {CENTRE.told_from_s:g} s on\n"
        f"  TCP: one connection, {'stock' if tcp.is_stock else 'a thin stream on Linux'},"
        f" retransmission timeouts up to {tcp.rto_max_s:g} s\n"
        f"seed {result.plan.seed}" + ("" if result.is_whole else ", interrupted"),
        highlight=False,
    )


def _assumed(model: LinkModel) -> str:
    loss = f"{model.loss:.1%} of packets lost each way"
    if model.burst_s:
        loss = f"{model.loss:.1%} of the time in bursts of {model.burst_s * 1000:g} ms on average"
    spikes = f", delay spikes {_often(model.spike)}" if model.spike.per_day else ""
    return (
        f"round trip {model.rtt_s * 1000:g} ms, jitter {model.jitter_s * 1000:g} ms each way,"
        f" {loss}, gaps {_often(model.gap)}{spikes}; outages {_often(model.outage)}"
    )


def _often(often: Often) -> str:
    return f"{often.per_day:g} a day of {often.min_s:g} to {often.max_s:g} s"


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _rate(value: float) -> str:
    return f"{value:.2f}" if value < _EXACT_BELOW else f"{value:,.0f}"
