"""Ten results systems as they really talk, through real agents, Mosquitto and the aggregator."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.kit.processes import free_port
from tests.integration import results_systems as systems
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from tests.integration.results_systems import Console, Folder
from venuewatch.base import clock

pytestmark = pytest.mark.real

WITHIN_S = 60.0
RESTED_S = 5.0
"""How long what is well has to have been so: longer than the limits for data."""

FEED = """
[[check]]
kind = "feed"
name = "results"
zone = "{zone}"
every_s = 1
keep_alive_limit_s = {keep_alive}
latency_limit_s = {latency}
data_limits_s = {{ BKB = {data} }}
"""


class Scenario(NamedTuple):
    """The configuration of a check, what its system does, and what must be shown.

    ``values``: metrics of the check, with what each must be. ``causes``: of its incidents, ever.
    """

    check: str
    step: systems.Step
    state: str
    causes: frozenset[str] = frozenset()
    values: dict[str, float] = {}  # noqa: RUF012 - a NamedTuple's


class Played(NamedTuple):
    scenarios: dict[str, Scenario]
    aggregator: Aggregator


def feed(folder: Folder, *, data: int = 60, keep_alive: int = 60, latency: int = 60) -> str:
    limits = FEED.format(zone=systems.HALL, keep_alive=keep_alive, data=data, latency=latency)
    return f'{limits}folder = "{folder.path}"\n'


def scenarios(place: Path, console: Console) -> dict[str, Scenario]:
    """Return the ten, by host."""
    folders = {
        name: Folder(place / name)
        for name in ("schedules", "zone", "bytes", "frozen", "gone", "statistics", "two")
    }
    port, key, log = free_port(), place / "feed.key", place / "server.log"
    key.write_text(systems.KEY)
    log.write_bytes(b"\xff\xfe")
    pushed = FEED.format(zone=systems.HALL, keep_alive=60, data=60, latency=60)
    return {
        "HAL-push": Scenario(
            f'{pushed}listen_port = {port}\napi_key_file = "{key}"\n',
            systems.pushes(port),
            "flowing",
            values={"results_live_units": 1, "results_parse_errors_total": 0},
        ),
        "HAL-schedules": Scenario(
            feed(folders["schedules"], keep_alive=3),
            systems.sends_schedules(folders["schedules"]),
            "not_expected",
            values={"results_messages_total": 2},
        ),
        "HAL-console": Scenario(
            '[[check]]\nkind = "line"\nname = "results"\naddress = "127.0.0.1"\nevery_s = 1\n'
            f"port = {console.port}\nsilence_limit_s = 5\n",
            console.step,
            "flowing",
        ),
        "HAL-zone": Scenario(
            feed(folders["zone"]),
            systems.plays(folders["zone"], systems.AN_HOUR_BEHIND),
            "flowing",
            frozenset({"results_clock"}),
            {"results_live_units": 1},
        ),
        "HAL-bytes": Scenario(
            feed(folders["bytes"], latency=3),
            systems.breaks(folders["bytes"]),
            "delayed",
            frozenset({"results_delayed"}),
            {"results_live_units": 1},
        ),
        "HAL-frozen": Scenario(
            feed(folders["frozen"], data=3),
            systems.freezes(folders["frozen"]),
            "frozen",
            frozenset({"results_frozen"}),
            {"results_live_units": 1},
        ),
        "HAL-gone": Scenario(
            feed(folders["gone"]),
            systems.is_removed(folders["gone"], after=10),
            "critical",
            frozenset({"results_unreadable"}),
        ),
        "HAL-statistics": Scenario(
            feed(folders["statistics"], data=3) + "data_limit_s = 3\n",
            systems.sends_statistics(folders["statistics"]),
            "flowing",
            values={"results_live_units": 0},
        ),
        "HAL-two": Scenario(
            feed(folders["two"]),
            systems.shares_a_hall(folders["two"]),
            "flowing",
            values={"results_live_units": 1, "results_wrong_flag_total": 0},
        ),
        "HAL-log": Scenario(
            f'[[check]]\nkind = "log"\nname = "results"\npath = "{log}"\npattern = "ERROR"\n'
            "every_s = 1\n",
            systems.logs(log),
            "critical",
            frozenset({"check_failed"}),
        ),
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Play all ten at once, until each is shown as it should be and has stayed so."""
    place = tmp_path_factory.mktemp("results")
    console = Console()
    found = scenarios(place, console)
    hosts = "".join(f'[[venue.host]]\nname = "{name}"\n' for name in found)
    inventory = f'[[venue]]\ncode = "HAL"\nlink = "wired"\n{hosts}'
    with ExitStack() as stack:
        stack.callback(console.close)
        broker = stack.enter_context(Mosquitto(place))
        journal = f'[journal]\npath = "{place}/journal.sqlite"\n'
        aggregator = stack.enter_context(
            Aggregator(place, broker.port, inventory=inventory, web=journal)
        )
        for name, scenario in found.items():
            stack.enter_context(Agent(place, broker.port, name, broker=scenario.check))
        for name in found:
            aggregator.wait_for(name, "up", within_s=WITHIN_S)
        stack.enter_context(systems.speaking([scenario.step for scenario in found.values()]))
        _wait(Played(found, aggregator))
        yield Played(found, aggregator)


def _wait(played: Played) -> None:
    """Wait until all is shown as it should be, and what is well has been so for long enough."""
    since: float | None = None

    def is_right() -> bool:
        nonlocal since
        causes = {host for host, _ in incidents(played)}
        is_now = all(
            state(played, name) == it.state and (not it.causes or name in causes)
            for name, it in played.scenarios.items()
        )
        since = (since or clock.monotonic()) if is_now else None
        return since is not None and clock.monotonic() - since > RESTED_S

    try:
        until("all is shown", is_right, within_s=WITHIN_S, every_s=0.5)
    except AssertionError:
        return  # the test of each scenario says what is not


def state(played: Played, host: str) -> str:
    """Return the state of a host's check on /metrics."""
    is_log = host == "HAL-log"
    name = "venuewatch_check_state" if is_log else "venuewatch_results_state"
    found = played.aggregator.page().of(name, host=host, check="results")
    return next((labels["state"] for labels, value in found if value == 1), "")


def incidents(played: Played) -> set[tuple[str, str]]:
    """Return host and cause of all incidents of checks that there ever were."""
    told = json.loads(played.aggregator.get("/api/v1/incidents") or '{"incidents": []}')
    return {(it["host"], it["cause"]) for it in told["incidents"] if it["check"]}


HOSTS = [
    "HAL-push",
    "HAL-schedules",
    "HAL-console",
    "HAL-zone",
    "HAL-bytes",
    "HAL-frozen",
    "HAL-gone",
    "HAL-statistics",
    "HAL-two",
    "HAL-log",
]


@pytest.mark.parametrize("host", HOSTS)
def test_scenario_is_shown_as_it_should_be(played: Played, host: str) -> None:
    scenario = played.scenarios[host]

    assert state(played, host) == scenario.state
    assert {cause for of, cause in incidents(played) if of == host} == scenario.causes
    page = played.aggregator.page()
    for name, wanted in scenario.values.items():
        assert page.value(f"venuewatch_{name}", host=host) == wanted


def test_wrong_zone_is_told_by_its_offset(played: Played) -> None:
    offset_s = played.aggregator.value("venuewatch_results_clock_offset_seconds", host="HAL-zone")

    assert offset_s == pytest.approx(-3600.0, abs=30.0)


def test_broken_bytes_are_counted(played: Played) -> None:
    broken = played.aggregator.value("venuewatch_results_parse_errors_total", host="HAL-bytes")

    assert broken is not None
    assert broken >= 1


def test_values_of_a_folder_that_is_gone_are_absent(played: Played) -> None:
    names = played.aggregator.page().names_of("HAL-gone")

    assert "venuewatch_results_live_units" not in names
    assert "venuewatch_results_messages_total" in names
