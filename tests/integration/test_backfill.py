"""History without holes: what agents kept during an outage, written to Debian's Prometheus.

An outage of some seconds is a real one. Those of 90 s and of an hour are spools, with times of the
last hour. Two whole chains play it side by side: with times of scraped samples, and with staleness
markers. ``python -m bench backfill`` has the real 90 s.
"""

from bisect import bisect
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.integration.history import CUT, KINDS, NUMBER, History
from tests.integration.real import pause
from venuewatch.base.wire.catalogue import Families

pytestmark = [pytest.mark.real, pytest.mark.long]

OUTAGE_S = 8.0
KEPT_S = {"STA-2": 90, "STA-3": 3_600}
HOSTILE = 'C:\\temp\n"x" \0 \u202e' + "é" * 200

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, History]]:
    """Yield the chains when the outages are over and all is written."""
    folder = tmp_path_factory.mktemp("backfill")
    families: Families = [("node_load1", [[]]), ("node_network_up", [[HOSTILE]])]
    worlds = {
        kind: History(folder / kind, kind, kept_s=KEPT_S, families=families, is_fast=True)
        for kind in KINDS
    }
    with ExitStack() as stack:
        for world in worlds.values():
            world.begin(stack)
        for world in worlds.values():
            world.break_off()
        pause(OUTAGE_S)
        for world in worlds.values():
            world.go_on(stack)
        for world in worlds.values():
            world.until_written()
        yield worlds


@kinds
@pytest.mark.parametrize("host", KEPT_S)
def test_each_step_of_an_outage_has_its_reading(
    worlds: dict[str, History], kind: str, host: str
) -> None:
    world = worlds[kind]
    times = world.times_of(host)
    vitals = f'node_load1{{job="node",venue="STA",host="{host}",instance="{host}"}}'
    check = f'venuewatch_check_up{{job="venuewatch",host="{host}",check="isp",kind="ping"}}'

    steps = world.prometheus.steps(vitals, times[0], times[-1], times.step)
    (of_check,) = world.prometheus.stored(check)

    assert steps == {at: number for number, at in enumerate(times)}
    assert of_check[: len(times)] == [(at, 1.0) for at in times]


@kinds
def test_each_reading_of_a_real_outage_is_in_the_scraped_series(
    worlds: dict[str, History], kind: str
) -> None:
    world = worlds[kind]

    of_outage = world.of_outage()

    assert all(after - before == 1.0 for (_, before), (_, after) in pairwise(of_outage))
    first, last = of_outage[0][0], of_outage[-1][0]
    middle = world.broken_at + OUTAGE_S / 2
    assert first < middle < last


@kinds
def test_no_step_is_missing_but_behind_the_staleness_marker(
    worlds: dict[str, History], kind: str
) -> None:
    world = worlds[kind]
    asked = range(int(world.broken_at), int(world.back_at) + 1)

    found = world.prometheus.steps(f'{NUMBER}{{host="{CUT}"}}', asked[0], asked[-1], 1.0)

    times = [at for at, _ in world.of_outage()]
    missing = [at for at in asked if at not in found]
    assert len({bisect(times, at) for at in missing}) <= 1, "it ends at the next reading"


def test_a_reading_has_one_time_and_no_counter_steps_back(worlds: dict[str, History]) -> None:
    numbers = [number for _, number in worlds["times"].of_cut_host()]

    assert numbers == sorted(set(numbers))


@kinds
def test_any_label_value_arrives_as_it_was(worlds: dict[str, History], kind: str) -> None:
    found = worlds[kind].prometheus.series('last_over_time(node_network_up{host="STA-2"}[2h])')

    assert HOSTILE in {labels.get("device") for labels, _ in found}


@kinds
def test_nothing_was_dropped(worlds: dict[str, History], kind: str) -> None:
    page = worlds[kind].aggregator.page()

    dropped = page.of("venuewatch_aggregator_remote_write_samples_dropped_total")

    assert {count for _, count in dropped} == {0.0}
