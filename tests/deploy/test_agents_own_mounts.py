"""Mounts of its own, as the agent's unit gives it, and the machine's: the agent reads the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
        reason="only root may unshare, on Linux",
    ),
]

# As systemd.exec(5) says it of PrivateMounts and four ProtectKernel… and ProtectControlGroups.
OWN_MOUNTS = """
mount --make-rslave /
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
[ ! -d /sys/fs/cgroup ] || { mount --bind /sys/fs/cgroup /sys/fs/cgroup
    mount -o remount,bind,ro /sys/fs/cgroup; }
mount -o remount,bind,ro /sys
[ ! -d /usr/lib/modules ] || mount --bind "$0" /usr/lib/modules
[ ! -e /dev/kmsg ] || mount --bind /dev/null /dev/kmsg
exec "$@"
"""

# Names of all families; of filesystems also each row, with what does not change from read to read.
LISTING = """
from agent.vitals import found
for collector in found():
    for name, rows in collector.read().items():
        print(name)
        if name in {"node_filesystem_size_bytes", "node_filesystem_readonly"}:
            print(*sorted(map(str, rows)), sep="\\n")
"""


def listed(*before: str | Path) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-c", LISTING],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare failed" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_agent_reads_the_same_under_mounts_of_its_own(tmp_path: Path) -> None:
    own = ("unshare", "--mount", "sh", "-euc", OWN_MOUNTS, tmp_path)

    assert listed(*own) == listed()


def test_its_own_mounts_are_what_the_test_says(tmp_path: Path) -> None:
    own = ("unshare", "--mount", "sh", "-euc", OWN_MOUNTS, tmp_path)
    write_as_it_is = 'value=$(cat "$0"); echo "$value" >"$0"'

    done = subprocess.run(
        [*own, "sh", "-c", write_as_it_is, "/proc/sys/vm/swappiness"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert "Read-only" in done.stderr
