"""What every verdict on a results feed lists: what its check said."""

from aggregator.core.cases import Case, Feed
from aggregator.core.evidence import Evidence, Scalar, Verdict
from venuewatch.base.wire.checks import CheckState


def judge_state(case: Case, state: CheckState, cause: str) -> Verdict | None:
    """Return the verdict ``cause`` on a feed that is in ``state``, None on any other case."""
    if not isinstance(case, Feed) or case.reading.state != state:
        return None
    reading, values = case.reading, case.reading.values
    detail: dict[str, Scalar] = {
        "kind": reading.kind,
        "says": reading.detail,
        "every_s": reading.every_s,
        "data_age_s": values.results_data_age_seconds,
        "live_units": values.results_live_units,
    }
    return Verdict(cause, (Evidence(case.at, case.host.name, "reading", detail),))
