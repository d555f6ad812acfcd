"""Makes a report of what was gathered; no I/O."""

from collections.abc import Callable, Mapping, Sequence

from venuewatch.rehearsal.reporting.compare import compare
from venuewatch.rehearsal.reporting.counting import TIMED, by_measure, grouped, tally, times_of
from venuewatch.rehearsal.reporting.entries import entries
from venuewatch.rehearsal.reporting.gather import Gathered
from venuewatch.rehearsal.reporting.improvements import Assigned, improvements
from venuewatch.rehearsal.reporting.model import Entry, Report

_NAMES: Mapping[str, Callable[[Entry], str]] = {
    "venue": lambda one: one.venue,
    "kind": lambda one: one.kind,
    "cause": lambda one: one.causes,
    "policy": lambda one: one.policy,
}
_OF_THE_SHEET: Mapping[str, Callable[[Entry], str]] = {
    "officer": lambda one: one.officer or "not in the run sheet",
    "hour": lambda one: one.at or "not in the run sheet",
}


def build(
    run: Gathered, *, against: Gathered | None = None, assigned: Sequence[Assigned] = ()
) -> Report:
    """Return the report of a run."""
    found = tuple(entries(run))
    names = {**_NAMES, **(_OF_THE_SHEET if run.rows else {})}
    return Report(
        run=run.path.name,
        about=_about(run),
        whole=tally("all", (one.verdict for one in found)),
        misses=run.score.misses,
        measures=by_measure(found),
        groupings=tuple(grouped(by, found, name_of) for by, name_of in names.items()),
        times=tuple(times_of(measure, found) for measure in TIMED),
        entries=found,
        between=run.score.between,
        unwell=run.score.unwell,
        improvements=tuple(improvements(found, assigned)),
        comparison=None
        if against is None
        else compare(
            against.path.name,
            (tuple(entries(against)), against.scenarios),
            (found, run.scenarios),
        ),
    )


def _about(run: Gathered) -> tuple[tuple[str, str], ...]:
    about = run.about
    versions = ", ".join(f"{name} {version}" for name, version in sorted(about.versions.items()))
    return (
        ("mode", about.mode),
        ("seed", str(about.seed)),
        ("plan", about.plan[:12]),
        ("versions", versions),
        ("incidents", str(run.score.incidents)),
        ("state", "aborted" if about.is_aborted else "not aborted"),
    )
