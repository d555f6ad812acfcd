"""Golden files: the whole /metrics of a scripted fleet, and the names that promtool dislikes.

``make test ARGS="tests/aggregator/shell/http/test_golden.py --write-golden"`` writes both anew.
"""

import shutil
from pathlib import Path

import pytest

from aggregator.shell.families import FAMILIES, OWN
from aggregator.shell.outlets.own_metrics import OwnMetrics
from tests.aggregator.shell.http.conftest import Client
from tests.kit import golden
from tests.kit.promtool import camel_case, complaints
from tests.kit.scripted_fleet import ScriptedFleet
from venuewatch.rehearsal.live.pages import Page

GOLDEN = Path(__file__).parents[3] / "golden"
METRICS = GOLDEN / "metrics.prom"
CAMEL_CASE = GOLDEN / "camel_case.txt"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed"
)


@pytest.fixture
def fleet() -> ScriptedFleet:
    """Return the fleet of the golden page."""
    return golden.fleet()


@pytest.fixture
def metrics(fleet: ScriptedFleet) -> OwnMetrics:
    """Return what its aggregator says of itself."""
    return golden.own_metrics(fleet)


def compare(found: bytes, file: Path, request: pytest.FixtureRequest) -> None:
    """Compare with a golden file, which is written first where the command line says so."""
    if request.config.getoption("--write-golden"):
        file.write_bytes(found)
    assert found == file.read_bytes(), "if it is to change: --write-golden"


async def test_metrics_of_a_scripted_fleet_are_the_golden_ones(
    client: Client, request: pytest.FixtureRequest
) -> None:
    page = golden.steady(await (await client.get("/metrics")).read())

    compare(page, METRICS, request)
    assert Page(page).names.issuperset(
        name for name, series in OWN.items() if series.kind != "histogram"
    )


async def test_lost_host_keeps_only_its_standing_at_the_next_scrape(
    client: Client, fleet: ScriptedFleet, metrics: OwnMetrics
) -> None:
    before = Page(await (await client.get("/metrics")).read()).names_of("up")
    fleet.kill("up")
    fleet.run(3.0)
    metrics.take(fleet.said())

    after = Page(await (await client.get("/metrics")).read()).names_of("up")

    assert {"up", "state", "problem", "info", "last_heartbeat_timestamp_seconds"} <= {
        name.removeprefix("venuewatch_host_") for name in after
    }
    measured = ("node_", "venuewatch_agent_", "venuewatch_check_", "venuewatch_results_")
    assert [name for name in after if name.startswith(measured)] == ["venuewatch_check_problem"]
    assert {name for prefix in measured for name in before if name.startswith(prefix)} >= {
        "node_load1",
        "venuewatch_agent_info",
        "venuewatch_check_up",
        "venuewatch_results_data_age_seconds",
    }


@needs_promtool
def test_promtool_finds_only_names_of_the_kernel() -> None:
    assert complaints(METRICS.read_bytes()) == []


@needs_promtool
def test_names_that_promtool_dislikes_are_the_listed_ones(request: pytest.FixtureRequest) -> None:
    page = "".join(
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        + (
            f'{name}_bucket{{le="+Inf"}} 1\n{name}_sum 1\n{name}_count'
            if kind == "histogram"
            else name
        )
        + " 1\n"
        for name, (kind, text) in FAMILIES.items()
    ).encode()

    assert complaints(page) == []
    compare("".join(f"{name}\n" for name in sorted(camel_case(page))).encode(), CAMEL_CASE, request)
