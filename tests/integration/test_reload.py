"""Reload of the real aggregator, by POST and by SIGHUP, while its fleet lives."""

import contextlib
import http.client
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, Process, until

pytestmark = [pytest.mark.real, pytest.mark.long]

VENUES, HOSTS, ADDED = 40, 6, 1_000
DOWN, KILLED, MOVED = "V0-0", "V20-0", "V30-0"
REAL = {DOWN, KILLED, MOVED}
BEFORE = {f"V{at}": [f"V{at}-{host}" for host in range(HOSTS)] for at in range(VENUES)}


def after() -> dict[str, list[str]]:
    """Return the inventory after: ten hosts are removed, one is moved, 1,000 are added."""
    names = {code: hosts[at < 10 :] for at, (code, hosts) in enumerate(BEFORE.items())}
    names["V30"].remove(MOVED)
    names["V31"] = [*names["V31"], MOVED]
    for code, hosts in names.items():
        hosts += [f"{code}-new{at}" for at in range(ADDED // VENUES)]
    return names


def toml(names: Mapping[str, Sequence[str]]) -> str:
    return "".join(
        f'[[venue]]\ncode = "{code}"\n'
        + "".join(f'[[venue.host]]\nname = "{host}"\n' for host in hosts)
        for code, hosts in names.items()
    )


def fleet(folder: Path, name: str, port: int, names: Mapping[str, Sequence[str]]) -> Process:
    """Return the small clients of these hosts."""
    inventory = folder / f"{name}.toml"
    inventory.write_text(toml(names))
    arguments = ("--inventory", str(inventory), "--port", str(port))
    return Process(folder, name, sys.executable, "-I", "-m", "venuewatch.demo.fleet", *arguments)


def states(aggregator: Aggregator) -> dict[str, str]:
    """Return the state of each host."""
    text = aggregator.get("/metrics?collect=liveness") or ""
    lines = [line for line in text.splitlines() if line.startswith("venuewatch_host_state{")]
    found = (
        dict(pair.split("=") for pair in line.partition("}")[0][22:].split(",")) for line in lines
    )
    return {labels["host"].strip('"'): labels["state"].strip('"') for labels in found}


def post(aggregator: Aggregator) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", aggregator.port, timeout=30.0)
    with contextlib.closing(connection):
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def processes(tmp_path: Path, broker: Mosquitto) -> Iterator[dict[str, Process]]:
    """The agents that are real, and the small clients of all that is added; none is started."""
    new = {code: [host for host in hosts if "new" in host] for code, hosts in after().items()}
    made: dict[str, Process] = {name: Agent(tmp_path, broker.port, name) for name in REAL}
    made["added"] = fleet(tmp_path, "added", broker.port, new)
    yield made
    for process in made.values():
        if process.is_running:
            process.kill()


def test_reload_of_a_big_inventory_accuses_and_misses_nobody(
    tmp_path: Path, broker: Mosquitto, processes: dict[str, Process]
) -> None:
    played = {code: [host for host in hosts if host not in REAL] for code, hosts in BEFORE.items()}
    later = after()
    with (
        Aggregator(tmp_path, broker.port, inventory=toml(BEFORE)) as aggregator,
        fleet(tmp_path, "fleet", broker.port, played),
    ):
        for name in REAL:
            processes[name].start()
        everyone = {host for hosts in BEFORE.values() for host in hosts}
        until(
            "all are up",
            lambda: (
                everyone <= {host for host, is_in in states(aggregator).items() if is_in == "up"}
            ),
            within_s=60.0,
        )
        until("it is ready", aggregator.is_ready, within_s=30.0)
        processes[DOWN].kill()
        aggregator.wait_for(DOWN, "down")

        (tmp_path / "inventory.toml").write_text(toml(later))
        processes["added"].start()
        processes[KILLED].kill()
        assert post(aggregator) == (200, "reloaded: 1230 hosts at 40 venues\n")
        processes[MOVED].stop()
        config = tmp_path / f"agent-{MOVED}.toml"
        config.write_text(config.read_text().replace('venue = "V30"', 'venue = "V31"'))
        processes[MOVED].start()

        listed = {host for hosts in later.values() for host in hosts}
        until(
            "all but the killed one are up",
            lambda: (
                {h for h, is_in in states(aggregator).items() if is_in == "up"} >= listed - {KILLED}
            ),
            within_s=60.0,
        )
        assert [one["host"] for one in aggregator.accused()] == [DOWN, KILLED]
        ended = [one for one in aggregator.events("incident") if one["change"] == "removed"]
        assert [one["host"] for one in ended] == [DOWN]
        assert DOWN not in states(aggregator)
        assert aggregator.value("venuewatch_host_up", host=MOVED, venue="V31") == 1
        (killed,) = [
            one
            for one in aggregator.events("host_changed")
            if one["host"] == KILLED and one["after"] == "down"
        ]
        assert killed["trigger"] == "connection_lost"


def test_hangup_reloads_and_a_wrong_inventory_changes_nothing(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    del broker
    inventory = tmp_path / "inventory.toml"
    right = inventory.read_text()
    inventory.write_text(right + '[[venue]]\ncode = "NEW"\n')
    aggregator.signal(signal.SIGHUP)
    until("the venue is there", lambda: aggregator.get("/api/v1/venues/NEW"))

    inventory.write_text(right + '[[venue]]\ncode = "NEW"\nlinc = "metro"\n')
    line = f'{inventory}: unknown field "linc" at $.venue[2] - did you mean "link"? Known: '
    status, said = post(aggregator)
    assert (status, said.startswith(line), said.count("\n")) == (500, True, 1)
    aggregator.signal(signal.SIGHUP)
    until("it is refused again", lambda: len(aggregator.events("reload_refused")) == 2)

    assert aggregator.is_running
    assert aggregator.get("/api/v1/venues/NEW")
    assert aggregator.value("venuewatch_aggregator_config_last_reload_successful") == 0
