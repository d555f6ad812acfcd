import os
from typing import NamedTuple, cast

import psutil
import pytest

from agent.vitals import filesystem

TOLERANCE = 0.01  # of the size: others write meanwhile


class Partition(NamedTuple):
    device: str
    mountpoint: str
    fstype: str
    opts: str = "rw"


def mounted(monkeypatch: pytest.MonkeyPatch, *partitions: Partition) -> None:
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: list(partitions))


def labels(family: str) -> list[tuple[str, str, str]]:
    rows = cast("list[tuple[str, str, str, int]]", filesystem.read()[family])
    return [row[:3] for row in rows]


def test_sizes_are_what_psutil_says_and_node_exporters_terms_hold() -> None:
    families = cast("dict[str, list[tuple[str, str, str, int]]]", filesystem.read())

    free = {row[2]: row[3] for row in families["node_filesystem_free_bytes"]}
    avail = {row[2]: row[3] for row in families["node_filesystem_avail_bytes"]}
    for _, _, mountpoint, size in families["node_filesystem_size_bytes"]:
        usage = psutil.disk_usage(mountpoint)
        assert abs(usage.free - avail[mountpoint]) <= TOLERANCE * size
        assert abs(size - usage.used - free[mountpoint]) <= TOLERANCE * size
        assert avail[mountpoint] <= free[mountpoint] <= size


def test_what_is_reserved_for_root_is_free_but_not_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted(monkeypatch, Partition("/dev/sda1", "/data", "ext4"))
    blocks = os.statvfs_result((4_096, 512, 1_000, 300, 250, 80, 60, 60, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: blocks)

    assert filesystem.read() == {
        "node_filesystem_size_bytes": [("/dev/sda1", "ext4", "/data", 512_000)],
        "node_filesystem_free_bytes": [("/dev/sda1", "ext4", "/data", 153_600)],
        "node_filesystem_avail_bytes": [("/dev/sda1", "ext4", "/data", 128_000)],
        "node_filesystem_readonly": [("/dev/sda1", "ext4", "/data", 0)],
        "node_filesystem_files": [("/dev/sda1", "ext4", "/data", 80)],
        "node_filesystem_files_free": [("/dev/sda1", "ext4", "/data", 60)],
    }


def test_a_mountpoint_that_can_not_be_read_is_left_out_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted(
        monkeypatch,
        Partition("/dev/sr0", "/no/such/place", "udf"),
        Partition("/dev/sda1", "/", "ext4"),
    )

    assert labels("node_filesystem_size_bytes") == [("/dev/sda1", "ext4", "/")]


def test_of_filesystems_stacked_on_one_mountpoint_the_topmost_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted(monkeypatch, Partition("rootfs", "/", "ext3"), Partition("/dev/sda1", "/", "ext4"))

    assert labels("node_filesystem_size_bytes") == [("/dev/sda1", "ext4", "/")]


OVER_NETWORK = "nfs nfs4 cifs smb3 smbfs 9p ceph fuse fuse.sshfs fuse.rclone macfuse"


@pytest.mark.parametrize("fstype", OVER_NETWORK.split())
def test_a_network_filesystem_is_never_asked(monkeypatch: pytest.MonkeyPatch, fstype: str) -> None:
    asked: list[str] = []
    mounted(monkeypatch, Partition("server:/export", "/srv", fstype))
    monkeypatch.setattr(os, "statvfs", asked.append)

    assert labels("node_filesystem_size_bytes") == []
    assert asked == []


EXCLUDED = """/snap/core/1 squashfs, /media/cdrom iso9660, / overlay, /dev ext4, /dev/shm ext4,
    /sys/firmware ext4, /run/credentials/a.service ext4, /var/lib/docker/overlay2/1/merged ext4,
    /var/lib/containers/storage/overlay ext4"""
READ = """/ ext4, /development xfs, /var/lib/docker btrfs, /system zfs, /mnt/stick fuseblk,
    /boot/efi vfat, C:\\ NTFS"""


@pytest.mark.parametrize("mount", EXCLUDED.split(","))
def test_what_node_exporter_excludes_is_left_out(mount: str) -> None:
    assert filesystem.is_excluded(*mount.split())


@pytest.mark.parametrize("mount", READ.split(","))
def test_a_disk_of_this_machine_is_read(mount: str) -> None:
    assert not filesystem.is_excluded(*mount.split())


WRITABLE = ["rw,relatime,errors=remount-ro", "rw,fixed", "rw,noro,root"]
READ_ONLY = ["ro,nosuid", "rw,relatime,emergency_ro", "ro,cdrom"]


@pytest.mark.parametrize("options", WRITABLE + READ_ONLY)
def test_a_filesystem_that_refuses_writing_is_read_only(options: str) -> None:
    assert filesystem.is_read_only(options) is (options in READ_ONLY)
