"""A ring of files: the folder of a feed, which never has more than so many.

A name is written anew after ``NAMES`` messages. So the folder stays small over days, and no file is
ever taken away: a check that misses files can't tell any more whether versions were lost. What may
not be overwritten has a name of its own. The folder may be renamed meanwhile.
"""

import os
from pathlib import Path
from typing import Final, Self

from venuewatch.rehearsal.live.sources.source import Said

NAMES: Final = 256
"""How many messages a folder keeps: those of three minutes."""

APART_MAX: Final = 256
"""How many of them there are with names of their own; then these are written anew, too."""

_NEW: Final = "message.new"
_APART_NS: Final = 1_000


class Ring:
    """A folder that is there. Close it at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._written = self._apart = self._last_ns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)

    def write(self, said: Said, at_s: float) -> str:
        """Write a message as a whole at ``at_s`` (unixtime), and return the name of its file.

        Times of files are no older than that, and tell their order.

        Raises:
            OSError: it can't be written.
        """
        if said.is_apart:
            name = f"apart-{self._apart % APART_MAX:03}.xml"
            self._apart += 1
        else:
            name = f"{self._written % NAMES:03}.xml"
            self._written += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        file = os.open(_NEW, flags, 0o644, dir_fd=self._folder)
        try:
            os.write(file, said.content)
            self._last_ns = max(round(at_s * 1e9), self._last_ns + _APART_NS)
            os.utime(file, ns=(self._last_ns, self._last_ns))
        finally:
            os.close(file)
        os.rename(_NEW, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        return name

    def clear(self) -> None:
        """Take all messages away. Raises OSError."""
        for name in os.listdir(self._folder):  # noqa: PTH208 - a descriptor
            if name.endswith(".xml"):
                os.unlink(name, dir_fd=self._folder)
