"""Filesystems on this machine's own disks: size, free space, file nodes, read-only or not."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.vitals import _files

_PSEUDO = frozenset(("autofs", "devfs", "erofs", "iso9660", "overlay", "squashfs"))
_NETWORK = frozenset(
    ("9p", "afpfs", "afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3", "smbfs")
)
_USER_SPACE = frozenset(("fuse", "macfuse", "osxfuse", "webdav"))
_EXCLUDED_MOUNTPOINT = re.compile(
    r"/(dev|proc|sys|run/credentials/.+|var/lib/(docker|containers/storage)/.+)(/|$)"
)
_READ_ONLY = frozenset(("ro", "emergency_ro"))
_NAMES = ("size_bytes", "free_bytes", "avail_bytes", "files", "files_free", "readonly")
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted filesystem: its superblock's number, and the part of it that is seen here."""

    superblock: str
    root: str
    mountpoint: str
    fstype: str
    device: str
    options: str


class _Table:
    """The mounts whose filesystems are told; worked out again when the kernel's table changes."""

    def __init__(self) -> None:
        self._mountinfo = b""
        self._mounts: list[Mount] = []

    def mounts(self) -> list[Mount]:
        """Return them, of the machine and not only of this process, where that can be read."""
        mountinfo = _files.proc_if_any("1/mountinfo") or _files.proc("self/mountinfo")
        if mountinfo != self._mountinfo:
            on_disk = on_disk_types(_files.proc_if_any("filesystems"))
            self._mounts = told(parsed(mountinfo), on_disk)
            self._mountinfo = mountinfo
        return self._mounts


def read() -> dict[str, object]:
    """Return one row a filesystem; of one that can't be read only that it is so.

    A network filesystem is never asked, nor one in user space (sshfs and its like): when its
    server hangs, the question hangs too, and with it this collector. A disk that is mounted through
    user space (``fuseblk``, as NTFS) is asked. Pseudo filesystems are excluded as node_exporter
    excludes them, and those that no disk holds, tmpfs too.
    """
    families: dict[str, list[tuple[str, str, str, int]]] = {
        f"node_filesystem_{name}": [] for name in (*_NAMES, "device_error")
    }
    for mount in _table.mounts() if _files.LINUX else _elsewhere():
        labels = mount.device, mount.fstype, mount.mountpoint
        try:
            values = (*_space(mount.mountpoint), int(is_read_only(mount.options)), 0)
        except OSError:
            families["node_filesystem_device_error"].append((*labels, 1))
            continue
        for rows, value in zip(families.values(), values, strict=True):
            if value is not None:
                rows.append((*labels, value))
    return dict(families)


def parsed(mountinfo: bytes) -> Iterator[Mount]:
    """Yield what /proc/self/mountinfo says (proc(5)); a line of another form is left out."""
    for line in mountinfo.split(b"\n"):
        place, _, filesystem = line.partition(b" - ")
        match [_plain(word) for word in (*place.split(b" ")[2:6], *filesystem.split(b" "))]:
            case [superblock, root, mountpoint, options, fstype, device, of_superblock]:
                both = f"{options},{of_superblock}"
                yield Mount(superblock, root, mountpoint, fstype, device, both)


def told(mounts: Iterable[Mount], on_disk: frozenset[str]) -> list[Mount]:
    """Return one mount a filesystem on disk: the one of its root, else the one of shortest path.

    Bind mounts and subvolumes show one filesystem at several places. Of mounts that are stacked on
    one place the topmost is seen.
    """
    seen = {mount.mountpoint: mount for mount in mounts}
    best: dict[str, Mount] = {}
    for mount in seen.values():
        if mount.fstype not in on_disk or is_excluded(mount.mountpoint, mount.fstype):
            continue
        other = best.get(mount.superblock)
        if other is None or _order(mount) < _order(other):
            best[mount.superblock] = mount
    return list(best.values())


def on_disk_types(filesystems: bytes) -> frozenset[str]:
    """Return the types that need a disk, as /proc/filesystems says; ZFS manages its own."""
    words = (line.split() for line in filesystems.splitlines())
    return frozenset({"zfs"} | {os.fsdecode(line[0]) for line in words if len(line) == 1})


def is_excluded(mountpoint: str, fstype: str) -> bool:
    """Tell whether this filesystem must not be asked, or is on no disk of this machine."""
    return (
        fstype in _PSEUDO
        or fstype in _NETWORK
        or fstype in _USER_SPACE
        or fstype.startswith("fuse.")
        or _EXCLUDED_MOUNTPOINT.match(mountpoint) is not None
    )


def is_read_only(options: str) -> bool:
    """Tell whether mount options (comma-separated) forbid writing.

    ``emergency_ro`` is how ext4 says it since Linux 6.15 when errors made it so.
    """
    return not _READ_ONLY.isdisjoint(options.split(","))


def _order(mount: Mount) -> tuple[bool, int, str]:
    return mount.root != "/", len(mount.mountpoint), mount.mountpoint


def _plain(word: bytes) -> str:
    r"""Return a word of mountinfo as text; the kernel writes a blank as ``\040``."""
    if b"\\" in word:
        word = _ESCAPED.sub(lambda escaped: bytes([int(escaped[1], 8) & 0xFF]), word)
    return os.fsdecode(word)


def _elsewhere() -> Iterator[Mount]:
    import psutil  # noqa: PLC0415 - Linux does without

    for part in {part.mountpoint: part for part in psutil.disk_partitions(all=False)}.values():
        if not is_excluded(part.mountpoint, part.fstype):
            yield Mount("", "/", part.mountpoint, part.fstype, part.device, part.opts)


if sys.platform == "win32":

    def _space(mountpoint: str) -> tuple[int | None, ...]:
        import psutil  # noqa: PLC0415 - Linux does without

        usage = psutil.disk_usage(mountpoint)
        return usage.total, usage.free, usage.free, None, None

else:

    def _space(mountpoint: str) -> tuple[int | None, ...]:
        """Return bytes (all, free, free for others than root) and file nodes (all, free)."""
        found = os.statvfs(mountpoint)
        blocks = found.f_blocks, found.f_bfree, found.f_bavail
        return *(count * found.f_frsize for count in blocks), found.f_files, found.f_ffree


_table = _Table()
