"""Labels and times of late samples: those that a scrape of the same reading has."""

from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from aggregator.shell.exposition import render
from aggregator.shell.outlets.remote_write.instants import series_of
from tests.aggregator.shell.outlets.remote_write.backlogs import (
    AT,
    JOBS,
    check,
    checks,
    each,
    instants,
    loads,
    told,
    vitals,
    wall_ms,
)
from tests.kit.scripted_fleet import READINGS
from tests.kit.story import HOST
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.messages import CheckReading, Checks, Vitals
from venuewatch.base.wire.readings import Readings

PLUGIN = CheckReading(
    check="raid",
    kind="exec",
    state="redundancy_lost",
    every_s=30.0,
    wall_ms=wall_ms(AT - 9.0),
    duration_s=1.5,
    values=CheckValues(check_exit_code=0, check_performance=[("a", 1.0), ("b", 2.0), ("a", 3.0)]),
)


def written(*messages: Vitals | Checks, ahead_s: float | None = 0.0) -> dict[Any, Any]:
    """Return the samples of each series, by its labels."""
    found = series_of(instants(*messages, ahead_s=ahead_s))
    return {frozenset(one.labels): one.samples for one in found}


def scraped(*messages: Vitals | Checks) -> dict[Any, Any]:
    """Return the same, as Prometheus' jobs would label what the page then shows with a time."""
    page = render(told(*messages).centre.fleet.venues.values(), AT, timestamps=True)
    samples = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if sample.timestamp is not None:
                job = JOBS.vitals if sample.name.startswith("node_") else JOBS.checks
                labels = {**job, **sample.labels, "__name__": sample.name}
                whole = frozenset((name, text) for name, text in labels.items() if text)
                samples[whole] = [(sample.value, round(float(sample.timestamp) * 1000))]
    return samples


def test_series_and_times_are_those_of_a_scrape() -> None:
    said = vitals(1, AT - 8.0, READINGS), checks(2, check(AT - 7.0), PLUGIN)

    assert written(*said) == scraped(*said)
    assert len(written(*said)) > 20


def test_labels_are_sorted_and_none_is_empty() -> None:
    nameless = Readings(node_hwmon_temp_celsius=[("", "temp1", 40.0)])

    (series,) = series_of(instants(vitals(1, AT - 8.0, nameless)))

    assert series.labels == (
        ("__name__", "node_hwmon_temp_celsius"),
        ("host", HOST),
        ("instance", HOST),
        ("job", "node"),
        ("sensor", "temp1"),
        ("venue", "STA"),
    )


def test_a_series_has_all_its_samples_of_a_batch() -> None:
    some = series_of(each([1.0, 2.0, 3.0]))

    assert [[time - wall_ms(0.0) for _, time in one.samples] for one in some] == [
        [1_000, 2_000, 3_000]
    ]


def test_a_number_that_is_none_is_no_sample() -> None:
    some = instants(loads(1, 5.0, 0.5, None), loads(2, 6.0, 0.25, 2.0), loads(3, 7.0, None, None))

    assert [one.size for one in some] == [1, 2]
    assert [[value for value, _ in one.samples] for one in series_of(some)] == [[0.5, 0.25], [2.0]]


@pytest.mark.parametrize(
    ("ahead_s", "moved_s"),
    [(0.0, 0.0), (1.9, 0.0), (600.0, -600.0), (-600.0, 600.0), (None, 0.0)],
    ids=["right", "nearly", "ahead", "behind", "not measured"],
)
def test_late_samples_have_the_hosts_time_unless_its_clock_is_wrong(
    ahead_s: float | None, moved_s: float
) -> None:
    said_at = 5.0 - moved_s

    some = instants(vitals(1, said_at), checks(2, check(said_at)), ahead_s=ahead_s)

    assert [one.timestamp_ms for one in some] == [wall_ms(5.0)] * 2


@pytest.mark.parametrize(("every_s", "has_counters"), [(60.0, True), (61.0, False)])
def test_counters_are_written_where_scrapes_have_times(
    every_s: float, *, has_counters: bool
) -> None:
    values = CheckValues(results_messages_total=5.0, results_live_units=1.0)
    feed = replace(PLUGIN, kind="feed", every_s=every_s, values=values)

    (one,) = instants(checks(1, feed))

    names = {dict(series.labels)["__name__"] for series in series_of([one])}
    assert ("venuewatch_results_messages_total" in names) is has_counters
    assert {"venuewatch_results_live_units", "venuewatch_check_state"} <= names
    assert len(names) == one.size


def test_each_check_of_a_message_has_its_own_time() -> None:
    some = instants(checks(1, check(3.0), check(4.0, name="other")))

    assert [one.timestamp_ms for one in some] == [wall_ms(3.0), wall_ms(4.0)]


def test_a_reading_that_comes_twice_is_written_once() -> None:
    assert len(instants(vitals(1, 5.0), vitals(1, 5.0), vitals(2, 6.0))) == 2
