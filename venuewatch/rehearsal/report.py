"""Turns the result of a rehearsal into data: rows, verdicts, assumptions, missed promises."""

from typing import Any, Final

import msgspec

from venuewatch.rehearsal.margins.choosing import Survey, alarms_at, least_margin, upper_bound
from venuewatch.rehearsal.margins.detectors.fixed import INTERVALS
from venuewatch.rehearsal.margins.judging import OURS, TARGET_PER_1000, shipped_margin_s
from venuewatch.rehearsal.margins.kills import summary
from venuewatch.rehearsal.margins.links import CENTRE, HOST, LINKS
from venuewatch.rehearsal.run import LinkResult, Plan, RehearsalResult
from venuewatch.rehearsal.tcp.sender import Tcp

ENOUGH_HOST_DAYS: Final = 3_000.0
ENOUGH_KILLS: Final = 100
BUDGET_P99_S: Final = {"wired": 3.0, "satellite": 5.5}

DEFINITION: Final = (
    "A false alarm is one host called down or unreachable while its machine, its agent and its"
    " link worked, or were disturbed by no more than what is assumed of the class: losses, delays,"
    " gaps, stalls and freezes up to the figures given, our own stalls and the broker's. A silence"
    " into which an outage fell (a gap of the link or a freeze of the host longer than any of"
    " those) is none; such outages and the accusations that stood on one are counted apart. The"
    " other detectors are spared our own stalls and the broker's, which nothing would credit to"
    " them. The upper bound is Poisson's, one-sided, 95 %, as if false alarms came one by one;"
    " hosts of a venue share its gaps and spikes, and may alarm together."
    " Beats alone are sent: an agent's readings, one packet right behind a beat, are left out."
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One detector on one class of link."""

    link: str
    detector: str
    margin_s: float | None
    host_days: float
    false_alarms: int
    per_1000: float
    upper95_per_1000: float
    kills: int
    unnoticed_kills: int
    detection_mean_s: float | None
    detection_p99_s: float | None
    detection_max_s: float | None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The margin that a class of link needs, and the shipped one; None: too little was surveyed."""

    link: str
    chosen_s: float | None
    shipped_s: float
    host_days: float
    false_alarms_at_shipped: int
    upper95_per_1000_at_shipped: float


def rows(result: RehearsalResult) -> list[Row]:
    """Return one row for each detector on each class of link."""
    tcp = result.plan.tcp
    return [_row(found, name, tcp) for found in result.links for name in found.judged.tallies]


def misses(result: RehearsalResult) -> list[str]:
    """Say, a line each, where ours misses what is promised, as far as enough was run to tell."""
    said = []
    for row in rows(result):
        if row.detector != OURS:
            continue
        if row.host_days >= ENOUGH_HOST_DAYS and row.upper95_per_1000 >= TARGET_PER_1000:
            said.append(
                f"{row.link}: up to {row.upper95_per_1000:.2f} false alarms per 1,000 host-days,"
                f" {TARGET_PER_1000:g} are allowed"
            )
        if row.unnoticed_kills:
            said.append(f"{row.link}: {row.unnoticed_kills} hosts that died were not called down")
        budget_s = BUDGET_P99_S.get(row.link)
        p99_s = row.detection_p99_s
        if budget_s and p99_s and row.kills >= ENOUGH_KILLS and p99_s > budget_s:
            said.append(f"{row.link}: 99 % are detected within {p99_s:.2f} s, not {budget_s:g} s")
    said.extend(
        f"{found.link}: {found.judged.unsettled} hosts or incidents found no peace"
        for found in result.links
        if found.judged.unsettled
    )
    said.extend(
        f"{verdict.fault}: {verdict.trials} x {verdict.cause}, expected {verdict.expected}"
        for verdict in result.verdicts
        if not verdict.is_right
    )
    return said


def choices(plan: Plan, surveys: dict[str, Survey]) -> list[Choice]:
    """Return what each surveyed class needs, beside what is shipped."""
    return [_choice(link, surveys[link], plan.tcp) for link in plan.links if link in surveys]


def as_data(result: RehearsalResult, chosen: list[Choice]) -> dict[str, Any]:
    """Return everything as plain data, for JSON."""
    return {
        "seed": result.plan.seed,
        "is_whole": result.is_whole,
        "rows": [msgspec.to_builtins(row) for row in rows(result)],
        "verdicts": [
            {"fault": fault, "cause": cause, "count": trials, "expected": expected}
            for fault, expected, cause, trials in result.verdicts
        ],
        "chosen": [msgspec.to_builtins(choice) for choice in chosen],
        "peace": [
            {
                "link": found.link,
                "outages": found.judged.outages,
                "accusations_on_outages": found.judged.noticed,
                "unsettled": found.judged.unsettled,
                "other_incidents": found.judged.oddities,
                "centre_incidents": found.judged.centre,
            }
            for found in result.links
        ],
        "misses": misses(result),
        "definition": DEFINITION,
        "tcp": result.plan.tcp._asdict(),
        "assumptions": {
            "links": {link: msgspec.to_builtins(LINKS[link]) for link in result.plan.links},
            "host": msgspec.to_builtins(HOST),
            "centre": msgspec.to_builtins(CENTRE),
        },
    }


def _row(found: LinkResult, name: str, tcp: Tcp) -> Row:
    tally = found.judged.tallies[name]
    detection = summary(found.times_s.get(name, []))
    return Row(
        link=found.link,
        detector=name,
        margin_s=_margin_s(found, name, tcp),
        host_days=tally.host_days,
        false_alarms=tally.false_alarms,
        per_1000=tally.false_alarms / tally.host_days * 1_000,
        upper95_per_1000=upper_bound(tally.false_alarms) / tally.host_days * 1_000,
        kills=detection.trials,
        unnoticed_kills=detection.unnoticed,
        detection_mean_s=detection.mean_s,
        detection_p99_s=detection.p99_s,
        detection_max_s=detection.max_s,
    )


def _margin_s(found: LinkResult, name: str, tcp: Tcp) -> float | None:
    """Return how long (s) past its expected time a beat may come; None where that varies."""
    if name == OURS:
        return shipped_margin_s(found.link, tcp)
    if name.startswith("fixed"):
        return (INTERVALS - 1) * HOST.interval_s
    return found.alpha_s if name == "chen" else None


def _choice(link: str, found: Survey, tcp: Tcp) -> Choice:
    shipped_s = shipped_margin_s(link, tcp)
    alarms = alarms_at(found.by_tenth, shipped_s)
    return Choice(
        link=link,
        chosen_s=least_margin(found),
        shipped_s=shipped_s,
        host_days=found.host_days,
        false_alarms_at_shipped=alarms,
        upper95_per_1000_at_shipped=upper_bound(alarms) / found.host_days * 1_000,
    )
