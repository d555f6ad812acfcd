"""Tests of the command line: exit codes, help, and words for missing parts."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from venuewatch.demo.scenes import SCENES

COMMANDS = ["demo", "agent", "aggregator", "rehearse", "status", "incidents", "check-config"]
COMMANDS += ["check-feed", "doctor", "venue"]

# An extra that is not installed, without taking it from this environment.
WITHOUT = """
import sys
from importlib.abc import MetaPathFinder


class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


MISSING = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Absent())
from venuewatch.cli import main
sys.exit(main())
"""
AGGREGATOR_ONLY = "aiohttp,bcrypt,orjson,paho,prometheus_client,rich,iotcore,yaml"


def venuewatch(*words: str, without: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", WITHOUT, without] if without else ["-m", "venuewatch.cli"]
    return subprocess.run(
        [sys.executable, *start, *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def agent_toml(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text('venue = "STA"\nhost = "alpha"\n')
    return path


def test_help_names_every_command_and_where_to_begin() -> None:
    helped = venuewatch("--help")

    assert (helped.returncode, helped.stderr) == (0, "")
    assert all(command in helped.stdout for command in COMMANDS)
    assert "Try: venuewatch demo" in helped.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    helped = venuewatch(command, "--help")

    assert (helped.returncode, helped.stderr) == (0, "")
    assert f"usage: venuewatch {command}" in helped.stdout


def test_the_version_is_that_of_the_distribution() -> None:
    told = venuewatch("--version")

    assert (told.returncode, told.stdout.strip()) == (0, version("venuewatch"))


def test_the_aggregator_tells_its_version_and_pythons() -> None:
    told = venuewatch("aggregator", "--version")

    assert told.returncode == 0
    assert told.stdout.startswith(f"venuewatch {version('venuewatch')} (Python 3.")


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        (
            "--web.external-url",
            "ftp://x",
            'expected "external_url" to be an http or https address, perhaps with a path',
        ),
        ("--web.config.file", "/no/web.yml", "/no/web.yml: No such file or directory"),
    ],
)
def test_an_option_of_the_web_that_is_wrong_ends_with_2_and_one_line(
    tmp_path: Path, option: str, value: str, line: str
) -> None:
    (tmp_path / "aggregator.toml").write_text("")
    (tmp_path / "inventory.toml").write_text('[[venue]]\ncode = "STA"\n')

    refused = venuewatch("aggregator", "--config", str(tmp_path / "aggregator.toml"), option, value)

    assert (refused.returncode, refused.stderr) == (2, f"{line}\n")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("dmeo",),
        ("--nonsense",),
        ("agent",),
        ("agent", "--nonsense"),
        ("agent", "--config"),
        ("check-config",),
        ("--nonsense", "agent"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_so(words: tuple[str, ...]) -> None:
    refused = venuewatch(*words)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("usage: venuewatch")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["incident"], 'unknown command "incident" - did you mean "incidents"?'),
        (["agent", "--confg", "a.toml"], 'unknown option "--confg" - did you mean "--config"?'),
        (["rehearse", "simulate", "--sead=4"], 'option "--sead" - did you mean "--seed"?'),
        (["demo", "--port", "99999999"], "expected a port from 0 to 65535, got '99999999'"),
        (["demo", "--break", "host_dwon"], 'unknown scene "host_dwon" - did you mean "host_down"?'),
        (["statsu"], 'unknown command "statsu" - did you mean "status"?'),
        (["help", "incident"], 'unknown command "incident" - did you mean "incidents"?'),
    ],
)
def test_wrong_word_names_the_nearest_known_one(words: list[str], hint: str) -> None:
    refused = venuewatch(*words)

    assert refused.returncode == 2
    assert hint in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "text", "missing"),
    [
        ("agent", None, "some.toml"),
        ("aggregator", None, "some.toml"),
        ("aggregator", "", "inventory.toml"),
        ("agent", '[broker]\nusername = "a"\npassword_file = "password"', "password"),
    ],
    ids=["agent.toml", "aggregator.toml", "inventory", "password"],
)
def test_file_that_is_not_there_ends_with_2_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, text: str | None, missing: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        names = 'venue = "STA"\nhost = "alpha"\n' if command == "agent" else ""
        Path("some.toml").write_text(names + text)

    refused = venuewatch(command, "--config", "some.toml")

    assert refused.returncode == 2
    assert refused.stderr == f"{missing}: No such file or directory\n"


@pytest.mark.parametrize(
    ("address", "code"), [("nowhere", 2), ("127.0.0.1:99999", 2), ("203.0.113.1:8039", 1)]
)
def test_only_a_wrong_address_ends_with_2(tmp_path: Path, address: str, code: int) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text("")
    (tmp_path / "inventory.toml").write_text('[[venue]]\ncode = "STA"\n')

    refused = venuewatch("aggregator", "--config", str(path), "--web.listen-address", address)

    assert refused.returncode == code
    assert len(refused.stderr.splitlines()) == 1


def test_right_configurations_are_told_to_be_right(agent_toml: Path) -> None:
    inventory = agent_toml.with_name("inventory.toml")
    inventory.write_text('[[venue]]\ncode = "STA"\n')
    aggregator = agent_toml.with_name("aggregator.toml")
    aggregator.write_text('inventory = "inventory.toml"\n')

    web = agent_toml.with_name("web.yml")
    web.write_text("basic_auth_users: {}\n")

    files = map(str, (agent_toml, aggregator, inventory, web))
    checked = venuewatch("check-config", *files)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines() == [
        f"{agent_toml}: valid agent configuration",
        f"{aggregator}: valid aggregator configuration",
        f"{inventory}: valid inventory configuration",
        f"{web}: valid web configuration",
    ]


def test_wrong_files_among_right_ones_end_with_2(agent_toml: Path) -> None:
    wrong = agent_toml.with_name("wrong.toml")
    wrong.write_text('venue = "STA"\nhost = "alpha"\nrole = 1\n')
    deep = agent_toml.with_name("deep.toml")
    deep.write_text("x = " + "[" * 5_000)

    checked = venuewatch("check-config", str(wrong), str(deep), str(agent_toml))

    assert checked.returncode == 2
    assert checked.stderr.splitlines() == [
        f"{wrong}: expected text of at most 256 characters, got a number at $.role",
        f"{deep}: expected TOML, got brackets nested too deeply",
    ]
    assert checked.stdout == f"{agent_toml}: valid agent configuration\n"


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        *(("aggregator", name) for name in ("aiohttp", "prometheus_client", "bcrypt", "yaml")),
        *(("demo", name) for name in ("iotcore", "rich", "aiohttp")),
    ],
)
def test_a_missing_extra_says_what_to_install(command: str, missing: str) -> None:
    refused = venuewatch(command, "--help", without=missing)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"venuewatch {command} needs {missing}: install the extra `{command}`, in a checkout with "
        f"pip install '.[{command}]'\n"
    )


def test_what_a_venue_host_needs_works_without_the_extras(agent_toml: Path) -> None:
    helped = venuewatch("--help", without=AGGREGATOR_ONLY)
    agent = venuewatch("agent", "--help", without=AGGREGATOR_ONLY)
    checked = venuewatch("check-config", str(agent_toml), without=AGGREGATOR_ONLY)

    assert [helped.returncode, agent.returncode, checked.returncode] == [0, 0, 0]


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["help"], ["--help"]),
        (["help", "incidents"], ["incidents", "--help"]),
        (["-V"], ["--version"]),
    ],
)
def test_other_ways_to_ask_for_help_are_understood(words: list[str], same: list[str]) -> None:
    assert venuewatch(*words).stdout == venuewatch(*same).stdout != ""


def test_the_demos_help_lists_every_scene() -> None:
    helped = " ".join(venuewatch("demo", "--help").stdout.split())

    assert all(name in helped.replace("- ", "-") for name in SCENES)
