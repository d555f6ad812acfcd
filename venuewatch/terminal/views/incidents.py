"""Lines of incidents: a list of them, and one with its timeline.

What is open stands first, the worst on top; then what is over, the newest first and quieter.
"""

from collections.abc import Mapping, Sequence

from aggregator.core.incidents.alerts import Severity
from aggregator.shell.http.api.incidents import ExcuseView, IncidentView, IncidentWhole, StepView
from venuewatch.base import times
from venuewatch.base.config import one_line
from venuewatch.terminal import cells
from venuewatch.terminal.style import Line, Screen

_RANK = {severity: at for at, severity in enumerate(Severity)}
_INDENT = "    "
_TABLE_FROM = 120
_NAMED = 3  # venues; of more, their number
_HEADING = ("NO", "SINCE", "LASTED", "WHERE", "CAUSE", "WHAT IT IS")

Zones = Mapping[str, str]
"""The time zone of each venue, as far as known."""


def incidents_lines(
    incidents: Sequence[IncidentView],
    zones: Zones,
    screen: Screen,
    now: float,
    *,
    has_more: bool = False,
) -> list[Line]:
    """Return the lines of a list; ``has_more``: there are older ones."""
    if not incidents:
        return [Line("no incidents")]
    is_open = sorted((one for one in incidents if one.closed_at is None), key=_urgency)
    is_over = sorted(
        (one for one in incidents if one.closed_at is not None), key=lambda one: -one.number
    )
    ordered = [*is_open, *is_over]
    if screen.width >= _TABLE_FROM:
        rows = [_HEADING, *(_cells(one, zones, now) for one in ordered)]
        heading, *texts = cells.table(rows, screen.width)
        lines = [Line(text, "bold") for text in heading]
        lines += [
            Line(text, _style(one)) for one, row in zip(ordered, texts, strict=True) for text in row
        ]
    else:
        lines = [line for one in ordered for line in _block(one, zones, screen, now)]
    if has_more:
        lines.append(Line("Older ones are not shown: --limit N", "dim"))
    return [line._replace(text=cells.cut(line.text, screen.width)) for line in lines]


def open_lines(
    incidents: Sequence[IncidentView], zones: Zones, screen: Screen, now: float
) -> list[Line]:
    """Return the lines of the open incidents of one place, below a heading; none without any."""
    if not incidents:
        return []
    blocks = [line for one in incidents for line in _block(one, zones, screen, now)]
    return [Line(""), Line("Open incidents", "bold"), *blocks]


def incident_lines(whole: IncidentWhole, zone: str, screen: Screen, now: float) -> list[Line]:
    """Return the lines of one incident with its timeline, the oldest step first."""
    style = _style(whole)
    head = f"Incident {whole.number}  {one_line(where(whole))}  {one_line(whole.cause)}"
    said = cells.folded(one_line(whole.sentence), screen.width)
    lines = [
        *(Line(text, "bold") for text in cells.folded(head, screen.width, indent=_INDENT)),
        *(Line(text, style) for text in said),
    ]
    facts = [("severity", str(whole.severity)), ("began", times.moment(whole.opened_at, now, zone))]
    if whole.silent_since is not None:
        facts.append(("last heard", times.moment(whole.silent_since, now, zone)))
    end = whole.closed_at
    if end is not None:
        facts.append(("over", times.moment(end, now, zone)))
    facts.append(("lasted", _duration(whole, now)))
    if whole.falls > 1:
        facts.append(("failed", f"{whole.falls} times"))
    if whole.children:
        parts = "venues" if whole.cause == "centre_side_loss" else "hosts"
        facts.append((parts, ", ".join(map(one_line, whole.children))))
    lines += fact_lines(facts, screen)
    lines += [Line(""), Line("Timeline", "bold")]
    for step in whole.timeline:
        lines += step_lines(step, zone, screen, now)
    return [line._replace(text=cells.cut(line.text, screen.width)) for line in lines]


def excuse_lines(excuses: Sequence[ExcuseView], screen: Screen, now: float) -> list[Line]:
    """Return what puts verdicts off now, alike ones as one."""
    alike: dict[str, list[ExcuseView]] = {}
    for excuse in excuses:
        alike.setdefault(excuse.reason, []).append(excuse)
    lines: list[Line] = []
    for reason, found in alike.items():
        ends = [excuse.until for excuse in found if excuse.until is not None]
        until = ""
        if len(ends) == len(found):
            until = f", for {times.duration(max(ends) - now)} more"
        text = f"No verdict on {_whom(found)} yet: {one_line(reason)}{until}"
        lines += [Line(part, "dim") for part in cells.folded(text, screen.width, indent=_INDENT)]
    return lines


def step_lines(step: StepView, zone: str, screen: Screen, now: float) -> list[Line]:
    """Return the lines of one step of a timeline."""
    moment = f"{times.moment(step.at, now, zone)}  {one_line(step.by)}"
    sentence = one_line(step.sentence)
    if screen.width >= _TABLE_FROM:
        whole = cells.folded(f"{moment}: {sentence}", screen.width, indent=_INDENT)
        return [Line(text) for text in whole]
    said = cells.folded(sentence, screen.width - len(_INDENT))
    head = cells.folded(moment, screen.width, indent=_INDENT)
    return [*(Line(text, "dim") for text in head), *(Line(_INDENT + text) for text in said)]


def fact_lines(facts: Sequence[tuple[str, str]], screen: Screen) -> list[Line]:
    """Return facts by their names, folded beside them."""
    widest = max((len(name) for name, _ in facts), default=0)
    indent = " " * (widest + 2)
    return [
        Line(text if at else f"{name:<{widest}}  {text}")
        for name, value in facts
        for at, text in enumerate(_beside(value, indent, screen))
    ]


def where(incident: IncidentView) -> str:
    """Return what an incident is about, as a path of names."""
    names = [name for name in (incident.venue, incident.host, incident.check) if name]
    return "/".join(names) or incident.scope


def _whom(excuses: Sequence[ExcuseView]) -> str:
    if any(not excuse.venue for excuse in excuses):
        return "any host"
    hosts = sum(len(excuse.hosts) for excuse in excuses)
    venues = sorted({excuse.venue for excuse in excuses})
    named = ", ".join(map(one_line, venues)) if len(venues) <= _NAMED else f"{len(venues)} venues"
    return f"{hosts} host{'' if hosts == 1 else 's'} of {named}"


def _beside(value: str, indent: str, screen: Screen) -> list[str]:
    first, *more = cells.folded(value, max(1, screen.width - len(indent)))
    return [first, *(indent + text for text in more)]


def _urgency(incident: IncidentView) -> tuple[int, float, int]:
    return _RANK[incident.severity], incident.opened_at, incident.number


def _style(incident: IncidentView) -> str:
    return str(incident.severity) if incident.closed_at is None else "dim"


def _duration(incident: IncidentView, now: float) -> str:
    end = incident.closed_at
    duration = times.duration((now if end is None else end) - incident.opened_at)
    return f"{duration}, open" if end is None else duration


def _cause(incident: IncidentView) -> str:
    many = f", {incident.falls} times" if incident.falls > 1 else ""
    return one_line(incident.cause) + many


def _cells(incident: IncidentView, zones: Zones, now: float) -> tuple[str, ...]:
    return (
        str(incident.number),
        times.moment(incident.opened_at, now, zones.get(incident.venue, "")),
        _duration(incident, now),
        one_line(where(incident)),
        _cause(incident),
        one_line(incident.sentence),
    )


def _block(incident: IncidentView, zones: Zones, screen: Screen, now: float) -> list[Line]:
    style = _style(incident)
    head = f"{incident.number}  {one_line(where(incident))}  {_cause(incident)}"
    since = times.moment(incident.opened_at, now, zones.get(incident.venue, ""))
    more = [f"since {since}, {_duration(incident, now)}", one_line(incident.sentence)]
    heads = cells.folded(head, screen.width, indent=_INDENT)
    texts = [text for part in more for text in cells.folded(part, screen.width - len(_INDENT))]
    rest = style if style == "dim" else ""
    return [*(Line(text, style) for text in heads), *(Line(_INDENT + text, rest) for text in texts)]
