"""Measures how full a filesystem is: its space, its file nodes, and its right to be written.

The share is what `df` shows: used, of used and what is left for a usual user. A network
filesystem may be named too. If its server hangs, so does the reading; the agent reports that,
and nothing else is late.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
import psutil

from agent.checks import PathName, Reading, SimpleCheck, about
from agent.checks.reading.limits import Finding, LimitedConfig, together
from agent.checks.reading.words import short, size_in_words
from agent.vitals.filesystem import is_read_only
from venuewatch.base.wire.checks import CheckValues

_MOUNTS = Path("/proc/self/mountinfo")

Ratio: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1)] | None
Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0)] | None


class Config(LimitedConfig, frozen=True, tag="disk"):
    """Looks at the filesystem that holds `path`; each limit that is crossed counts."""

    path: Annotated[PathName, about("mountpoint or any path on the filesystem", "/var/lib/results")]
    warning_used_ratio: Annotated[Ratio, about("used share of space or of file nodes", 0.8)] = 0.9
    critical_used_ratio: Annotated[Ratio, about("used share of space or of file nodes", 0.9)] = 0.95
    warning_free_bytes: Annotated[Bytes, about("least free space, in bytes", 20_000_000_000)] = None
    critical_free_bytes: Annotated[Bytes, about("least free space, in bytes", 5_000_000_000)] = None
    may_be_read_only: Annotated[bool, about("a read-only filesystem is well", True)] = False
    must_be_mounted: Annotated[bool, about("`path` is a mountpoint, else critical", True)] = False


class Space(NamedTuple):
    """A filesystem's room, in bytes; ``nodes_used_ratio`` is None where nodes aren't counted."""

    used: int
    free: int
    nodes_used_ratio: float | None
    is_read_only: bool

    @property
    def used_ratio(self) -> float:
        """The used share of what a usual user could ever have; 0 of nothing."""
        return self.used / (self.used + self.free) if self.used else 0.0


class Check(SimpleCheck[Config]):
    """The worst of what was found."""

    def read(self) -> Reading:
        """Ask the operating system once."""
        path = self._config.path
        try:
            space = _space(path)
            if self._config.must_be_mounted and not os.path.ismount(path):
                return Reading("critical", short(f"{path}: nothing is mounted there"))
        except FileNotFoundError:
            return Reading("critical", short(f"{path} does not exist"))
        except PermissionError as error:
            return Reading("unknown", short(f"{path}: {error.strerror}"))
        except OSError as error:
            return Reading("critical", short(f"{path}: {error.strerror}"))
        return judged(space, self._config)


def judged(space: Space, config: Config) -> Reading:
    """Hold a filesystem against its limits."""
    nodes = space.nodes_used_ratio
    values = CheckValues(
        check_disk_used_ratio=round(space.used_ratio, 4),
        check_disk_free_bytes=space.free,
        check_disk_inodes_used_ratio=None if nodes is None else round(nodes, 4),
        check_disk_read_only=float(space.is_read_only),
    )
    words = f"{space.used_ratio:.0%} used, {size_in_words(space.free)} free"
    if nodes is not None and nodes > max(0.5, space.used_ratio):  # else nobody asks
        words += f", {nodes:.0%} of the file nodes used"
    if space.is_read_only and not config.may_be_read_only:
        return Reading("critical", f"read-only; {words}", values)
    used = config.limits("used_ratio").state(max(space.used_ratio, nodes or 0.0))
    free = config.limits("free_bytes").state(space.free)
    return together([Finding(used), Finding(free)], values)._replace(detail=words)


if sys.platform == "win32":

    def _space(path: str) -> Space:
        usage = psutil.disk_usage(path)
        drive = Path(path).resolve().anchor
        options = [part.opts for part in psutil.disk_partitions() if part.mountpoint == drive]
        return Space(usage.used, usage.free, None, any(map(is_read_only, options)))

else:

    def _space(path: str) -> Space:
        found = os.statvfs(path)
        unit = found.f_frsize
        nodes_used = found.f_files - found.f_ffree
        nodes = nodes_used + found.f_favail
        return Space(
            used=(found.f_blocks - found.f_bfree) * unit,
            free=found.f_bavail * unit,
            nodes_used_ratio=nodes_used / nodes if found.f_files and nodes > 0 else None,
            is_read_only=bool(found.f_flag & os.ST_RDONLY) or _is_in_emergency(path),
        )

    def _is_in_emergency(path: str) -> bool:
        """Tell whether errors made it read-only: ext4 since Linux 6.15 says it only in its options.

        Linux tells a mount by the number of its device; elsewhere there is no such list.
        """
        if not _MOUNTS.exists():
            return False
        device = Path(path).stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        with _MOUNTS.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                fields = line.split(" ")
                if fields[2] == wanted and "emergency_ro" in fields[-1]:
                    return True
        return False
