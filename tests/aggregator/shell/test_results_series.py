"""Series of a results state: there whatever the state, also while nobody can tell."""

import pytest

from aggregator.shell.series import check_samples, unknown_samples
from venuewatch.base.wire.checks import CheckState, CheckValues
from venuewatch.base.wire.messages import CheckReading


def reading(kind: str, state: CheckState) -> CheckReading:
    return CheckReading(
        wall_ms=1,
        check="odf",
        kind=kind,
        state=state,
        every_s=30.0,
        duration_s=0.1,
        detail="",
        values=CheckValues(),
    )


@pytest.mark.parametrize("kind", ["feed", "line", "push", "redundancy", "stream"])
@pytest.mark.parametrize("state", ["flowing", "not_expected", "unknown", "critical"])
def test_results_have_a_state_whatever_it_is(kind: str, state: CheckState) -> None:
    samples = list(check_samples(reading(kind, state)))

    assert ("venuewatch_results_state", {"state": state}, 1) in samples


@pytest.mark.parametrize("state", ["ok", "warning", "unknown", "critical"])
def test_check_of_a_network_has_no_state_of_results(state: CheckState) -> None:
    names = [name for name, *_ in check_samples(reading("ping", state))]

    assert "venuewatch_results_state" not in names


@pytest.mark.parametrize(("kind", "is_shown"), [("feed", True), ("ping", False)])
def test_state_of_results_is_unknown_while_no_readings_come(kind: str, is_shown: bool) -> None:  # noqa: FBT001
    samples = list(unknown_samples(reading(kind, "flowing")))

    assert (("venuewatch_results_state", {"state": "unknown"}, 1) in samples) is is_shown
