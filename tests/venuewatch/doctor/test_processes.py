"""A process that may have an installation's name is found, wherever its file is."""

from pathlib import Path

import pytest

from venuewatch.doctor.processes import Program, is_run, is_supervised

AGENT = 'venue = "STA"\nhost = "STA-1"\n[broker]\nport = 18833\n'
AGGREGATOR = 'name = "a"\n[broker]\nport = 18833\n'


@pytest.fixture
def process(tmp_path: Path) -> Path:
    """Return the folder of a process, as below /proc; its root and its folder are empty."""
    folder = tmp_path / "7"
    (folder / "root" / "etc").mkdir(parents=True)
    (folder / "cwd").mkdir()
    return folder


def config_of(folder: Path, text: str = AGENT) -> Path:
    path = folder / "agent.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        (["/opt/venuewatch/bin/python", "-I", "-m", "agent", "--config", "/etc/agent.toml"], True),
        (["python", "/opt/bin/venuewatch", "agent", "--config=/etc/agent.toml"], True),
        (["python", "-m", "agent", "--config", "agent.toml"], True),
        (["python", "-m", "agent", "--config", "/gone/away.toml"], True),
        (["python", "-m", "agent", "--config", "other.toml"], False),
        (["python", "-m", "aggregator", "--config", "/etc/agent.toml"], False),
        (["vim", "agent"], False),
        (["ssh-agent"], False),
        ([], False),
    ],
)
def test_an_agent_is_told_by_its_command(
    tmp_path: Path,
    process: Path,
    command: list[str],
    is_one: bool,  # noqa: FBT001 - a column of the table
) -> None:
    config_of(process / "root" / "etc")

    assert is_run(command, "agent", config_of(tmp_path), seen_at=process) is is_one


def test_supervisor_is_told_by_its_program_and_the_installed_file(
    tmp_path: Path, process: Path
) -> None:
    installed = process / "root" / "etc" / "venuewatch"
    installed.mkdir()
    ours, command = config_of(tmp_path), ["python3", "-I", "/opt/venuewatch/supervise", "agent"]

    config_of(installed)
    assert is_supervised(command, "agent", ours, seen_at=process)
    assert not is_supervised(command, "aggregator", ours, seen_at=process)
    config_of(installed, AGENT.replace("STA-1", "STA-2"))
    assert not is_supervised(command, "agent", ours, seen_at=process)


@pytest.mark.parametrize(
    ("program", "ours", "theirs", "is_ours"),
    [
        ("agent", AGENT, AGENT, True),
        ("agent", AGENT, f"{AGENT}address = 'mq.example'\n", True),
        ("agent", AGENT, AGENT.replace("STA-1", "STA-2"), False),
        ("agent", AGENT, AGENT.replace("18833", "8883"), False),
        ("agent", AGENT, AGENT.replace("18833", '8883\nfallbacks = ["b:18833"]'), True),
        ("agent", 'host = "STA-1"', 'host = "STA-1"\n[broker]\nport = 1883', True),
        ("agent", AGENT, "=", True),
        ("aggregator", AGGREGATOR, AGGREGATOR, True),
        ("aggregator", AGGREGATOR, AGGREGATOR.replace('"a"', '"b"'), False),
    ],
)
def test_a_file_elsewhere_is_ours_by_its_name_and_port(
    tmp_path: Path,
    process: Path,
    program: Program,
    ours: str,
    theirs: str,
    is_ours: bool,  # noqa: FBT001 - a column of the table
) -> None:
    config_of(process / "root" / "etc", theirs)
    command = ["python", "-m", program, "--config", "/etc/agent.toml"]

    assert is_run(command, program, config_of(tmp_path, ours), seen_at=process) is is_ours
