"""The shipped units, with systemd's own checker where there is one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
NAMES = ["venuewatch-agent.service", "venuewatch-aggregator.service"]

# systemd.exec(5): each of these gives the service other mounts, users, processes or devices than
# the machine's. PrivateMounts is not among them: the mounts of the machine arrive there, too.
FALSIFIES = {
    "BindPaths", "BindReadOnlyPaths", "DynamicUser", "InaccessiblePaths", "MountAPIVFS",
    "PrivateDevices", "PrivateNetwork", "PrivateTmp", "PrivateUsers", "ProcSubset",
    "ProtectHome", "ProtectHostname", "ProtectProc", "ProtectSystem",
    "ReadOnlyPaths", "ReadWritePaths", "RootDirectory", "RootImage", "TemporaryFileSystem",
}  # fmt: skip

# The exposure that each may have, in tenths, as `systemd-analyze security` reckons it.
EXPOSED = {"venuewatch-aggregator.service": 17, "venuewatch-agent.service": 30}
MOSQUITTO_EXPOSED = 25
DEBIANS_MOSQUITTO = Path("/lib/systemd/system/mosquitto.service")
no_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


TIMED = ["venuewatch-crl.service", "venuewatch-crl.timer"]
FILTER = "venuewatch-filter.service"


def settings(name: str) -> dict[str, str]:
    """Return a unit's settings; where one is repeated, the last."""
    lines = (UNITS / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@no_systemd
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


def exposure(unit: Path, *, at_most: int) -> str:
    """Return what systemd says of a unit that is exposed more than it may be; else nothing.

    ``at_most``: in tenths. The unit's drop-ins are in the folder beside it.
    """
    text = unit.read_text()
    unit.write_text(re.sub(r"(?m)^(ExecStart=-?)\S+", r"\1/bin/sh", text))
    done = subprocess.run(
        [
            *("systemd-analyze", "security", "--offline=true", "--no-pager"),
            *(f"--threshold={at_most}", unit),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    overall = [line for line in done.stdout.splitlines() if "Overall exposure" in line]
    if not overall and "--offline" in done.stderr:
        pytest.skip(f"this systemd-analyze judges no files: {done.stderr.strip()}")
    assert len(overall) == 1, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout


@no_systemd
@pytest.mark.parametrize("name", NAMES)
def test_unit_is_exposed_no_more_than_it_may_be(tmp_path: Path, name: str) -> None:
    unit = tmp_path / name
    shutil.copy(UNITS / name, unit)

    assert exposure(unit, at_most=EXPOSED[name]) == ""


@no_systemd
@pytest.mark.skipif(not DEBIANS_MOSQUITTO.exists(), reason="Debian's mosquitto is not installed")
def test_drop_in_makes_debians_mosquitto_a_guarded_one(tmp_path: Path) -> None:
    unit = tmp_path / "mosquitto.service"
    shutil.copy(DEBIANS_MOSQUITTO, unit)
    assert exposure(unit, at_most=MOSQUITTO_EXPOSED) != ""

    shutil.copytree(UNITS / "mosquitto.service.d", tmp_path / "mosquitto.service.d")

    assert exposure(unit, at_most=MOSQUITTO_EXPOSED) == ""


@no_systemd
@pytest.mark.skipif(not DEBIANS_MOSQUITTO.exists(), reason="Debian's mosquitto is not installed")
def test_systemd_finds_nothing_wrong_with_the_drop_in(tmp_path: Path) -> None:
    shutil.copy(DEBIANS_MOSQUITTO, tmp_path / "mosquitto.service")
    shutil.copytree(UNITS / "mosquitto.service.d", tmp_path / "mosquitto.service.d")
    drop_in = tmp_path / "mosquitto.service.d" / "venuewatch.conf"
    script = "/usr/local/libexec/venuewatch/mosquitto-database.sh"
    assert drop_in.read_text().count(script) == 2
    drop_in.write_text(drop_in.read_text().replace(script, "/bin/sh"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "mosquitto.service"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_broker_comes_back_however_it_ended() -> None:
    """A broker that was told to end by mistake would stay away: it ends in order."""
    broker = settings("mosquitto.service.d/venuewatch.conf")

    assert (broker["Restart"], broker["RestartSec"]) == ("always", "1")
    assert broker["StartLimitIntervalSec"] == "0"


def test_broker_is_never_root() -> None:
    """Debian's own commands before the start need root, so the drop-in takes them out first."""
    lines = (UNITS / "mosquitto.service.d" / "venuewatch.conf").read_text().splitlines()
    before = [line for line in lines if line.startswith("ExecStartPre=")]

    assert "User=mosquitto" in lines
    assert before[0] == "ExecStartPre="
    assert [line.split("=", 1)[1].split()[0] for line in before[1:]] == [
        "-/usr/local/libexec/venuewatch/mosquitto-database.sh"
    ]


@no_systemd
def test_systemd_finds_nothing_wrong_with_the_daily_renewal(tmp_path: Path) -> None:
    for name in TIMED:
        text = (UNITS / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/venuewatch/bin/venuewatch", "/bin/true"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in TIMED)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@no_systemd
def test_systemd_finds_nothing_wrong_with_the_filters_unit(tmp_path: Path) -> None:
    text = (UNITS / FILTER).read_text()
    assert text.count("=/usr/sbin/nft -f /etc/nftables.d/venuewatch.nft\n") == 2
    (tmp_path / FILTER).write_text(text.replace("/usr/sbin/nft", "/bin/true"))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / FILTER],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_passphrase_reaches_the_daily_renewal_as_a_credential_only() -> None:
    unit = settings("venuewatch-crl.service")

    assert unit["LoadCredentialEncrypted"].startswith("venuewatch-passphrase:")
    assert unit["ExecStart"] == "/opt/venuewatch/bin/venuewatch venue renew"
