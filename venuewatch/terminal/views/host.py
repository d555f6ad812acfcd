"""Lines of one host: everything that is known of it."""

from aggregator.core.states import HostState
from aggregator.shell.http.api.hosts import CheckView, HostView, SpanView, VitalsView
from venuewatch.base import times
from venuewatch.base.config import one_line
from venuewatch.terminal import cells
from venuewatch.terminal.style import Line, Screen
from venuewatch.terminal.views.incidents import fact_lines, open_lines, step_lines

_INDENT = "    "
_SPANS_SHOWN = 12
_SIGNS = {  # the better first
    HostState.UNSEEN: " ",
    HostState.UP: "█",
    HostState.LATE: "▓",
    HostState.AWAY: "░",
    HostState.UNKNOWN: "?",
    HostState.UNREACHABLE: "▂",
    HostState.DOWN: "▁",
}
_DAY_S = 86_400.0
_LONG_S = 600.0


def host_lines(host: HostView, zone: str, screen: Screen, now: float) -> list[Line]:
    """Return the lines of a host of a venue in ``zone``."""
    style = str(host.severity) if host.severity is not None else "well"
    lines = [
        Line(f"{one_line(host.venue)}/{one_line(host.host)}  {host.state}", "bold"),
        *(
            Line(text, style)
            for text in cells.folded(one_line(host.sentence or "It is well."), screen.width)
        ),
        *fact_lines(_facts(host, zone, now), screen),
        *_strip(host.states, screen, now),
        *_spans(host.states, zone, screen, now),
    ]
    if host.vitals is not None:
        lines += [Line(""), Line("Vitals", "bold")]
        lines += fact_lines(_vitals(host.vitals, zone, now), screen)
    if host.checks:
        lines += [Line(""), Line("Checks", "bold")]
    for check in sorted(host.checks, key=lambda check: (check.sentence is None, check.check)):
        lines += _check(check, zone, screen, now)
    if host.evidence:
        lines += [Line(""), Line("Evidence", "bold")]
    for step in host.evidence:
        lines += step_lines(step, zone, screen, now)
    lines += open_lines(host.incidents, {host.venue: zone}, screen, now)
    return [line._replace(text=cells.cut(line.text, screen.width)) for line in lines]


def _facts(host: HostView, zone: str, now: float) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if host.since is not None:
        lasts = times.duration(now - host.since)
        facts.append(("since", f"{times.moment(host.since, now, zone)}, {lasts}"))
    if host.cause:
        facts.append(("cause", one_line(host.cause)))
    if host.down_at is not None:
        facts.append(("counts as down", times.moment(host.down_at, now, zone)))
    heard = "never"
    if host.last_heartbeat is not None:
        heard = f"{times.moment(host.last_heartbeat, now, zone)}, "
        heard += f"{times.duration(now - host.last_heartbeat)} ago"
    facts.append(("last heartbeat", heard))
    if host.round_trip_s is not None:
        facts.append(("round trip", f"{host.round_trip_s * 1000:.1f} ms"))
    if host.clock_offset_s is not None:
        facts.append(("clock", f"{host.clock_offset_s:+.3f} s of the centre's"))
    marks = {
        "gateway": host.gateway,
        "required to run at all times": host.required,
        "not in the inventory": not host.listed,
    }
    is_what = [mark for mark, is_so in marks.items() if is_so]
    facts.append(("role", ", ".join([one_line(host.role) or "none", *is_what])))
    facts.append(("address", one_line(host.address) or "none: no neighbour can be asked of it"))
    agent = host.agent
    if agent is not None:
        facts += [
            ("agent", f"{one_line(agent.version)} on {one_line(agent.os) or 'an unknown system'}"),
            ("beats every", f"{agent.interval_s:g} s, vitals {_period(agent.vitals_every_s)}"),
        ]
    facts.append(
        ("missed", f"{host.heartbeats_missed} heartbeats, {host.readings_missing} readings")
    )
    facts.append(("restarts", str(host.restarts)))
    return facts


def _period(length_s: float) -> str:
    return f"{length_s:g} s" if length_s < _LONG_S else times.duration(length_s)


def _strip(states: "tuple[SpanView, ...]", screen: Screen, now: float) -> list[Line]:
    """Return the last 24 h as one line of blocks, each the worst state within its time."""
    if not states:
        return []
    width = min(96, screen.width)
    step_s = _DAY_S / width
    rank = list(_SIGNS)
    signs = []
    for at in range(width):
        start = now - _DAY_S + at * step_s
        there = [
            span.state
            for span in states
            if span.start < start + step_s and (span.end is None or span.end > start)
        ]
        signs.append(_SIGNS[max(there, key=rank.index, default=HostState.UNSEEN)])
    there_are = {sign: state for state, sign in _SIGNS.items() if sign in signs and sign.strip()}
    key = "  ".join(f"{sign} {state}" for sign, state in there_are.items())
    text = cells.folded(f"last 24 h, each sign {times.duration(step_s)}: {key}", screen.width)
    return [Line(""), *(Line(part, "dim") for part in text), Line("".join(signs))]


def _spans(states: "tuple[SpanView, ...]", zone: str, screen: Screen, now: float) -> list[Line]:
    lines: list[Line] = []
    for span in states[-_SPANS_SHOWN:]:
        end = now if span.end is None else span.end
        lasted = times.duration(end - span.start)
        text = f"{times.moment(span.start, now, zone)}  {span.state} {lasted}"
        lines += [Line(part) for part in cells.folded(text, screen.width, indent=_INDENT)]
    return lines


def _vitals(vitals: VitalsView, zone: str, now: float) -> list[tuple[str, str]]:
    facts = [("taken", f"{times.duration(now - vitals.at)} ago")]
    if vitals.load_1m is not None:
        cpus = "" if vitals.cpus is None else f" on {vitals.cpus} CPUs"
        facts.append(("load", f"{vitals.load_1m:.2f}{cpus}"))
    if vitals.memory_used_ratio is not None:
        facts.append(("memory", f"{vitals.memory_used_ratio:.0%} used"))
    if vitals.fullest_mount is not None and vitals.fullest_used_ratio is not None:
        facts.append(
            (
                "fullest disk",
                f"{one_line(vitals.fullest_mount)}, {vitals.fullest_used_ratio:.0%} used",
            )
        )
    if vitals.booted_at is not None:
        facts.append(("machine up", f"since {times.moment(vitals.booted_at, now, zone)}"))
    return facts


def _check(check: CheckView, zone: str, screen: Screen, now: float) -> list[Line]:
    style = "" if check.severity is None else str(check.severity)
    age = times.duration(now - check.at)
    head = f"{one_line(check.check)} ({one_line(check.kind)})  {check.state}, {age} ago"
    told = [one_line(text) for text in (check.sentence, check.detail) if text]
    if check.since is not None:
        told.append(f"since {times.moment(check.since, now, zone)}")
    return [
        *(Line(text, style) for text in cells.folded(head, screen.width, indent=_INDENT)),
        *(
            Line(_INDENT + text)
            for part in told
            for text in cells.folded(part, screen.width - len(_INDENT))
        ),
    ]
