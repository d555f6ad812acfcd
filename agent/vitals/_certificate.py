"""The certificate by which a host is known to the broker: until when it is valid.

A file that was renewed is the one of the agent's next connection, so the files are looked at each
time, and read where they are others than before.
"""

import os

from venuewatch.base.validity import own_end

_Mark = tuple[int, ...]


class OwnCertificate:
    """The files of a certificate and its key; the key may stand in the same file (None)."""

    def __init__(self, path: str, key_path: str | None) -> None:
        self._path = path
        self._key_path = key_path
        self._marks: list[_Mark] = []
        self._end = 0.0

    def read(self) -> dict[str, object]:
        """Return when the certificate expires; 0 where it can not be used with its key."""
        marks = self._look()
        is_known = self._end and marks and marks == self._marks
        if not is_known:
            self._end = own_end(self._path, self._key_path)
            self._marks = marks
        return {"venuewatch_agent_certificate_expiry_timestamp_seconds": self._end}

    def _look(self) -> list[_Mark]:
        """Return what the system writes anew when a file, or who may read it, changes."""
        try:
            return [_mark(path) for path in (self._path, self._key_path) if path is not None]
        except OSError:
            return []


def _mark(path: str) -> _Mark:
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
