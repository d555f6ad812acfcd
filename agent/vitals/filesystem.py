"""Filesystems on this machine's own disks: size, free space, file nodes, read-only or not."""

import os
import re
import sys

import psutil

_PSEUDO = frozenset(("autofs", "devfs", "erofs", "iso9660", "overlay", "squashfs"))
_NETWORK = frozenset(
    ("9p", "afpfs", "afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3", "smbfs")
)
_USER_SPACE = frozenset(("fuse", "macfuse", "osxfuse", "webdav"))
_EXCLUDED_MOUNTPOINT = re.compile(
    r"/(dev|proc|sys|run/credentials/.+|var/lib/(docker|containers/storage)/.+)(/|$)"
)
_READ_ONLY = frozenset(("ro", "emergency_ro"))


def read() -> dict[str, object]:
    """Return one row a mountpoint; one that can't be read is left out.

    A network filesystem is never asked, nor one in user space (sshfs and its like): when its
    server hangs, the question hangs too, and with it all other vitals. Pseudo filesystems are
    excluded as node_exporter excludes them, and with psutil those that no disk holds, tmpfs too.
    """
    families: dict[str, list[tuple[str, str, str, int]]] = {
        f"node_filesystem_{name}": []
        for name in ("size_bytes", "free_bytes", "avail_bytes", "files", "files_free", "readonly")
    }
    topmost = {part.mountpoint: part for part in psutil.disk_partitions(all=False)}
    for mountpoint, part in topmost.items():
        if is_excluded(mountpoint, part.fstype):
            continue
        try:
            values = (*_space(mountpoint), int(is_read_only(part.opts)))
        except OSError:
            continue
        for rows, value in zip(families.values(), values, strict=True):
            if value is not None:
                rows.append((part.device, part.fstype, mountpoint, value))
    return dict(families)


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


if sys.platform == "win32":

    def _space(mountpoint: str) -> tuple[int | None, ...]:
        usage = psutil.disk_usage(mountpoint)
        return usage.total, usage.free, usage.free, None, None

else:

    def _space(mountpoint: str) -> tuple[int | None, ...]:
        """Return bytes (all, free, free for others than root) and file nodes (all, free)."""
        found = os.statvfs(mountpoint)
        blocks = found.f_blocks, found.f_bfree, found.f_bavail
        return *(count * found.f_frsize for count in blocks), found.f_files, found.f_ffree
