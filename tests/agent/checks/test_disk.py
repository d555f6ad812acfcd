"""Filesystems: real small ones where they may be mounted, and the numbers of any other."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.checks import Reading, disk
from agent.checks.disk import Config, Space, judged
from tests.agent.checks import peers
from venuewatch.base.wire.checks import CheckState

MIB = 1_048_576

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mount")

Mount = Callable[[str], None]


def read(path: Path, **fields: object) -> Reading:
    return peers.read("disk", path=str(path), **fields)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount, or remount, a filesystem in memory at ``tmp_path``."""

    def mounted(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "venuewatch-test", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this account may not mount: {done.stderr.strip()}")

    yield mounted
    while os.path.ismount(tmp_path):
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_filesystem_is_as_full_as_df_says() -> None:
    usage = shutil.disk_usage("/")

    values = read(Path("/"), warning_used_ratio=1, critical_used_ratio=1).values

    assert values.check_disk_used_ratio == pytest.approx(
        usage.used / (usage.used + usage.free), abs=0.01
    )
    assert values.check_disk_free_bytes == pytest.approx(usage.free, rel=0.05)
    assert values.check_disk_read_only == 0


@pytest.mark.real
def test_a_real_filesystem_goes_from_ok_to_warning_to_critical_and_back(
    mount: Mount, tmp_path: Path
) -> None:
    mount("size=1m")
    filled = tmp_path / "filled"
    readings = []

    for size in (0, 940 * 1024, 1_000 * 1024, 10):
        filled.write_bytes(bytes(size))
        readings.append(read(tmp_path))

    assert [reading.state for reading in readings] == ["ok", "warning", "critical", "ok"]
    assert readings[1].detail == "92% used, 86.0 kB free"
    assert readings[2].values.check_disk_used_ratio == pytest.approx(1_000 / 1_024, abs=0.001)


@pytest.mark.real
def test_a_real_filesystem_without_file_nodes_left_is_full(mount: Mount, tmp_path: Path) -> None:
    mount("size=1m,nr_inodes=20")
    for number in range(19):
        (tmp_path / str(number)).touch()

    reading = read(tmp_path)

    assert reading[:2] == ("critical", "0% used, 1.0 MB free, 100% of the file nodes used")
    assert reading.values.check_disk_inodes_used_ratio == 1.0


@pytest.mark.real
def test_a_real_read_only_filesystem_is_critical_unless_it_may_be(
    mount: Mount, tmp_path: Path
) -> None:
    mount("size=1m")
    mount("remount,ro")

    reading = read(tmp_path)

    assert reading[:2] == ("critical", "read-only; 0% used, 1.0 MB free")
    assert reading.values.check_disk_read_only == 1
    assert read(tmp_path, may_be_read_only=True).state == "ok"


@pytest.mark.real
def test_a_disk_that_is_not_mounted_is_critical_where_it_must_be(
    mount: Mount, tmp_path: Path
) -> None:
    before = read(tmp_path, must_be_mounted=True)
    mount("size=1m")

    assert before[:2] == ("critical", f"{tmp_path}: nothing is mounted there")
    assert read(tmp_path, must_be_mounted=True).state == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="mountinfo is Linux'")
def test_a_filesystem_that_errors_made_read_only_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"22 1 0:1 / /proc rw - proc proc rw,emergency_ro\n"
        f"36 35 {number} / /data rw,noatime shared:1 - ext4 /dev/sda1 rw,emergency_ro\n"
    )
    monkeypatch.setattr(disk, "_MOUNTS", mounts)

    assert read(tmp_path).detail.startswith("read-only; ")


def test_a_path_that_is_not_there_is_critical(tmp_path: Path) -> None:
    assert read(tmp_path / "data")[:2] == ("critical", f"{tmp_path}/data does not exist")


def test_a_path_that_fails_is_told_in_the_systems_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert read(tmp_path / "file" / "data")[:2] == (
        "critical",
        f"{tmp_path}/file/data: Not a directory",
    )


@pytest.mark.parametrize(
    ("used", "free", "fields", "state"),
    [
        (89, 11, {}, "ok"),
        (90, 10, {}, "warning"),
        (95, 5, {}, "critical"),
        (99, 1, {"warning_used_ratio": None, "critical_used_ratio": None}, "ok"),
        (99, 1, {"critical_used_ratio": None}, "warning"),
        (10, 90, {"warning_free_bytes": 90 * MIB}, "ok"),
        (10, 90, {"warning_free_bytes": 91 * MIB}, "warning"),
        (10, 90, {"critical_free_bytes": 91 * MIB}, "critical"),
        (95, 5, {"warning_free_bytes": 1}, "critical"),
        (0, 0, {}, "ok"),
    ],
)
def test_whichever_limit_is_crossed_counts(
    used: int, free: int, fields: dict[str, Any], state: CheckState
) -> None:
    space = Space(used * MIB, free * MIB, None, is_read_only=False)

    assert judged(space, Config(name="data", path="/", **fields)).state == state


def test_a_filesystem_that_counts_no_nodes_says_nothing_of_them() -> None:
    reading = judged(Space(1, 1, None, is_read_only=False), Config(name="data", path="/"))

    assert reading.values.check_disk_inodes_used_ratio is None
    assert reading.detail == "50% used, 1 B free"
