"""Tests of imports: modules that a venue host loads, and modules that it must never load."""

import subprocess
import sys

import pytest

LOADED = """
import importlib, pkgutil, sys

package = importlib.import_module(sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(*names)
print(*sorted(sys.modules))
"""


def loaded_by(package: str) -> tuple[set[str], set[str]]:
    """Import all of a package in an interpreter of its own; return its modules, and all loaded."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED, package], capture_output=True, text=True, check=True
    )
    own, everything = run.stdout.splitlines()
    return set(own.split()), set(everything.split())


@pytest.fixture(scope="module")
def agent() -> tuple[set[str], set[str]]:
    return loaded_by("agent")


def test_all_of_the_agent_was_loaded(agent: tuple[set[str], set[str]]) -> None:
    own, everything = agent

    assert {"agent.shell", "agent.mqtt.session", "agent.vitals.stat", "agent.__main__"} <= own
    assert own <= everything


@pytest.mark.parametrize(
    "foreign",
    [
        "aggregator",
        "aiohttp",
        "asyncio",
        "bcrypt",
        "concurrent.futures",
        "iotcore",
        "orjson",
        "paho",
        "prometheus_client",
        "rich",
        "venuewatch.cli",
        "venuewatch.demo",
        "yaml",
    ],
)
def test_the_agent_loads_nothing_of_the_centre(
    agent: tuple[set[str], set[str]], foreign: str
) -> None:
    _, everything = agent

    assert not [name for name in everything if f"{name}.".startswith(f"{foreign}.")]


@pytest.mark.parametrize(
    ("module", "foreign"),
    [
        ("venuewatch.cli", {"agent", "aggregator", "asyncio", "msgspec", "aiohttp", "mqtt5"}),
        (
            "venuewatch.commands.status",
            {"aiohttp", "asyncio", "mqtt5", "prometheus_client", "rich"},
        ),
        (
            "venuewatch.commands.incidents",
            {"aiohttp", "asyncio", "mqtt5", "prometheus_client", "rich"},
        ),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_need(module: str, foreign: set[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert not foreign & {name.split(".")[0] for name in run.stdout.split()}
