import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import _files, filesystem
from tests.agent.vitals import machines

TOLERANCE = 0.01  # of the size: others write meanwhile

pytestmark = pytest.mark.skipif(psutil.WINDOWS, reason="has other filesystems")


def line(
    device: str,
    mountpoint: str,
    fstype: str = "ext4",
    *,
    root: str = "/",
    superblock: str = "8:1",
    options: tuple[str, str] = ("rw", "rw"),
) -> str:
    return (
        f"36 35 {superblock} {root} {mountpoint} {options[0]} shared:7 master:1"
        f" - {fstype} {device} {options[1]}\n"
    )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    types = "nodev\ttmpfs\nnodev\tnfs\nnodev\toverlay\n\text4\n\tbtrfs\n\tudf\n\tfuseblk\n"
    machines.write(tmp_path, {"proc/filesystems": types})
    machines.look_at(monkeypatch, tmp_path)
    monkeypatch.setattr(_files, "LINUX", True)
    return tmp_path


def mount(machine: Path, *lines: str, who: str = "self") -> None:
    machines.write(machine, {f"proc/{who}/mountinfo": "".join(lines)})


def rows(name: str) -> dict[str, int]:
    found = filesystem.read()[f"node_filesystem_{name}"]
    return {row[2]: row[3] for row in cast("list[tuple[str, str, str, int]]", found)}


def labels(family: str) -> list[tuple[str, str, str]]:
    found = cast("list[tuple[str, str, str, int]]", filesystem.read()[family])
    return [row[:3] for row in found]


def test_sizes_are_what_psutil_says_and_node_exporters_terms_hold() -> None:
    families = cast("dict[str, list[tuple[str, str, str, int]]]", filesystem.read())

    free = {row[2]: row[3] for row in families["node_filesystem_free_bytes"]}
    avail = {row[2]: row[3] for row in families["node_filesystem_avail_bytes"]}
    assert free
    for _, _, mountpoint, size in families["node_filesystem_size_bytes"]:
        usage = psutil.disk_usage(mountpoint)
        assert abs(usage.free - avail[mountpoint]) <= TOLERANCE * size
        assert abs(size - usage.used - free[mountpoint]) <= TOLERANCE * size
        assert avail[mountpoint] <= free[mountpoint] <= size


def test_what_is_reserved_for_root_is_free_but_not_available(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(machine, line("/dev/sda1", "/data"))
    blocks = os.statvfs_result((4_096, 512, 1_000, 300, 250, 80, 60, 60, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: blocks)

    assert filesystem.read() == {
        "node_filesystem_size_bytes": [("/dev/sda1", "ext4", "/data", 512_000)],
        "node_filesystem_free_bytes": [("/dev/sda1", "ext4", "/data", 153_600)],
        "node_filesystem_avail_bytes": [("/dev/sda1", "ext4", "/data", 128_000)],
        "node_filesystem_readonly": [("/dev/sda1", "ext4", "/data", 0)],
        "node_filesystem_files": [("/dev/sda1", "ext4", "/data", 80)],
        "node_filesystem_files_free": [("/dev/sda1", "ext4", "/data", 60)],
        "node_filesystem_device_error": [("/dev/sda1", "ext4", "/data", 0)],
    }


def test_a_filesystem_that_can_not_be_read_says_only_so(machine: Path) -> None:
    mount(
        machine,
        line("/dev/sr0", "/no/such/place", "udf", superblock="11:0"),
        line("/dev/sda1", "/"),
    )

    assert labels("node_filesystem_size_bytes") == [("/dev/sda1", "ext4", "/")]
    assert labels("node_filesystem_readonly") == [("/dev/sda1", "ext4", "/")]
    assert rows("device_error") == {"/no/such/place": 1, "/": 0}


def test_a_disk_that_is_mounted_at_several_places_is_told_once(machine: Path) -> None:
    mount(
        machine,
        line("/dev/sda1", "/b", root="/srv"),
        line("/dev/sda1", "/run/netns", root="/run/netns"),
        line("/dev/sda1", "/data/long"),
        line("/dev/sda1", "/data"),
        line("/dev/sda2", "/home", superblock="8:2"),
    )

    told = filesystem.told(filesystem.parsed(mountinfo(machine)), frozenset({"ext4"}))

    assert [mount.mountpoint for mount in told] == ["/data", "/home"]


def mountinfo(machine: Path) -> bytes:
    return (machine / "proc/self/mountinfo").read_bytes()


def test_of_subvolumes_the_one_of_shortest_path_is_told(machine: Path) -> None:
    mount(
        machine,
        line("/dev/sda2", "/home", "btrfs", root="/@home", superblock="0:31"),
        line("/dev/sda2", "/", "btrfs", root="/@", superblock="0:31"),
    )

    assert labels("node_filesystem_size_bytes") == [("/dev/sda2", "btrfs", "/")]


def test_a_disk_behind_an_excluded_place_is_told_at_its_other(machine: Path) -> None:
    mount(
        machine,
        line("/dev/sda1", "/var/lib/docker/x"),
        line("/dev/sda1", "/", root="/bind"),
    )

    assert labels("node_filesystem_size_bytes") == [("/dev/sda1", "ext4", "/")]


def test_of_filesystems_stacked_on_one_place_the_topmost_is_told(machine: Path) -> None:
    mount(
        machine,
        line("/dev/sda2", "/", superblock="8:2"),
        line("/dev/sda1", "/"),
        line("/dev/sda3", "/mnt", superblock="8:3"),
        line("tmpfs", "/mnt", "tmpfs", superblock="0:40"),
    )

    assert labels("node_filesystem_size_bytes") == [("/dev/sda1", "ext4", "/")]


def test_what_no_disk_holds_is_left_out(machine: Path) -> None:
    mount(machine, line("tmpfs", "/run", "tmpfs"), line("proc", "/p", "proc", superblock="0:1"))

    assert labels("node_filesystem_size_bytes") == []


def test_the_machines_mounts_go_before_the_agents_own(machine: Path) -> None:
    mount(machine, line("/dev/sda1", "/", options=("ro", "rw")))
    mount(machine, line("/dev/sda1", "/"), who="1")

    assert rows("readonly") == {"/": 0}


def test_a_table_of_mounts_that_changes_is_noticed(machine: Path) -> None:
    mount(machine, line("/dev/sda1", "/"))
    before = rows("readonly")
    mount(machine, line("/dev/sda1", "/", options=("rw", "rw,emergency_ro")))

    assert (before, rows("readonly")) == ({"/": 0}, {"/": 1})


def test_a_blank_in_a_name_is_told_as_a_blank(machine: Path) -> None:
    mount(machine, line(r"/dev/my\040disk", r"/mnt/a\134b\011\303\251"))

    ((device, _, mountpoint, is_error),) = cast(
        "list[tuple[str, str, str, int]]", filesystem.read()["node_filesystem_device_error"]
    )

    assert (device, mountpoint, is_error) == ("/dev/my disk", "/mnt/a\\b\t\u00e9", 1)


@pytest.mark.parametrize("options", [("ro,relatime", "rw"), ("rw,relatime", "ro")])
def test_a_disk_is_read_only_if_its_mount_or_itself_is(
    machine: Path, options: tuple[str, str]
) -> None:
    mount(machine, line("/dev/sda1", "/", options=options))

    assert rows("readonly") == {"/": 1}


OVER_NETWORK = "nfs nfs4 cifs smb3 smbfs 9p ceph fuse fuse.sshfs fuse.rclone macfuse"


@pytest.mark.parametrize("fstype", OVER_NETWORK.split())
def test_a_network_filesystem_is_never_asked(
    machine: Path, monkeypatch: pytest.MonkeyPatch, fstype: str
) -> None:
    asked: list[str] = []
    machines.write(machine, {"proc/filesystems": f"\t{fstype}\n"})
    mount(machine, line("server:/export", "/srv", fstype))
    monkeypatch.setattr(os, "statvfs", asked.append)

    assert labels("node_filesystem_device_error") == []
    assert asked == []


def test_elsewhere_partitions_are_psutils(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimpleNamespace(device="/dev/disk1s1", mountpoint="/", fstype="apfs", opts="rw,local")
    bind = SimpleNamespace(device="map auto", mountpoint="/home", fstype="autofs", opts="rw")
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [disk, bind])

    assert labels("node_filesystem_size_bytes") == [("/dev/disk1s1", "apfs", "/")]


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


def test_mount_with_a_name_of_any_text_is_one(machine: Path) -> None:
    mount(machine, line("/dev/sdb1", "/srv/a\rb"), line("/dev/sdc1", "/srv/c", superblock="8:2"))

    assert labels("node_filesystem_device_error") == [
        ("/dev/sdb1", "ext4", "/srv/a\rb"),
        ("/dev/sdc1", "ext4", "/srv/c"),
    ]
