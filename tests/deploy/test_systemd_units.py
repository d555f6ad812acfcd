"""The shipped units, with systemd's own checker where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
NAMES = ["venuewatch-agent.service", "venuewatch-aggregator.service"]

# systemd.exec(5): each of these gives the service mounts, processes or devices of its own.
FALSIFIES = {
    "BindPaths", "BindReadOnlyPaths", "DynamicUser", "InaccessiblePaths", "MountAPIVFS",
    "PrivateDevices", "PrivateMounts", "PrivateNetwork", "PrivateTmp", "ProcSubset",
    "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs",
    "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProtectSystem",
    "ReadOnlyPaths", "ReadWritePaths", "RootDirectory", "RootImage", "TemporaryFileSystem",
}  # fmt: skip


def settings(name: str) -> dict[str, str]:
    """Return a unit's settings; where one is repeated, the last."""
    lines = (UNITS / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, name: str) -> None:
    text = (UNITS / name).read_text()
    assert text.count("ExecStart=/opt/venuewatch/bin/python ") == 1
    (tmp_path / name).write_text(text.replace("/opt/venuewatch/bin/python", "/bin/sh"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_runs_isolated_as_a_user_of_its_own_and_comes_back_within_a_second(
    name: str,
) -> None:
    unit = settings(name)
    program = name.removesuffix(".service").removeprefix("venuewatch-")

    assert unit["ExecStart"] == (
        f"/opt/venuewatch/bin/python -I -m {program} --config /etc/venuewatch/{program}.toml"
    )
    assert (unit["Restart"], unit["RestartSec"]) == ("always", "1")
    users = (UNITS / "venuewatch.sysusers").read_text()
    assert f"u {unit['User']} " in users


def test_the_agent_sees_the_machine_as_it_is() -> None:
    assert FALSIFIES.isdisjoint(settings("venuewatch-agent.service"))
