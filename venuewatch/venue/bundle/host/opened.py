"""Reads a bundle that was unpacked on the host, and finds damage by its manifest."""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from .machine import RefusedError, in_words
from .program import PROGRAMS, Program

MANIFEST = "MANIFEST"
DESCRIPTION = "bundle.json"
END = "# end"
"""The manifest's last line: without it, the manifest itself was cut short."""

FORMAT = 1
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_PIECE = 1 << 20


def read_manifest(text: str) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle, by its path.

    Raises:
        ValueError: it is no manifest, or was cut short.
    """
    lines = text.splitlines()
    if not lines or lines[-1] != END:
        raise ValueError("its manifest was cut short")
    found: dict[str, str] = {}
    for line in lines[:-1]:
        parts = _LINE.fullmatch(line)
        if parts is None or not _is_inside(parts[2]):
            raise ValueError("its manifest is damaged")
        found[parts[2]] = parts[1]
    return found


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts


class Bundle:
    """An unpacked bundle, each byte of which is as its manifest says.

    Attributes:
        folder: where it is.
        digest: the SHA-256 of its manifest, and so of all that it has.
        program: the program that it brings.
        release: the name of what it installs, ``0.1.0-ab12cd34ef56``.
    """

    def __init__(self, folder: Path) -> None:
        """Read and check it.

        Raises:
            RefusedError: it is damaged, cut short, or of another format.
        """
        self.folder = folder
        try:
            manifest = (folder / MANIFEST).read_bytes()
            self._known = read_manifest(manifest.decode())
        except (OSError, ValueError) as error:
            is_missing = isinstance(error, FileNotFoundError)
            why = "its manifest is missing" if is_missing else in_words(error)
            raise _damaged(folder, why) from None
        self.digest = hashlib.sha256(manifest).hexdigest()
        for path, expected in self._known.items():
            self._check(path, expected)
        try:
            self._said: dict[str, Any] = json.loads(self.read(DESCRIPTION))
            number = self._said["format"]
            self.program: Program = PROGRAMS[self._said["program"]]
            self.release = str(self._said["release"])
            self.made_at_s = float(self._said["made_at_s"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder, f"{DESCRIPTION} is not as expected: {error}") from None
        if number != FORMAT:
            raise RefusedError(f"{folder}: expected a bundle of format {FORMAT}, got {number}")

    @property
    def name(self) -> str:
        """Whose it is: the venue, or ``the centre``."""
        return str(self._said.get("venue") or "the centre")

    @property
    def hosts(self) -> list[str]:
        """The hosts that it has a configuration for."""
        return sorted(self._said.get("hosts", {}))

    @property
    def pythons(self) -> list[str]:
        """The Pythons and architectures that it has wheels for."""
        return sorted(self._said.get("pythons", {}))

    def files_of(self, host: str) -> dict[str, bytes]:
        """Return the files of a host for /etc/venuewatch, by name."""
        return {name: self.read(path) for name, path in self._said["hosts"][host].items()}

    def wheels(self, python: str) -> list[Path]:
        """Return the wheels for a Python, without pip's own."""
        return [self.folder / path for path in self._said["pythons"][python]]

    def key_maker(self, python: str) -> list[Path]:
        """Return the wheels that make a key and a request; none where it brings none."""
        return [self.folder / path for path in self._said.get("key_maker", {}).get(python, [])]

    @property
    def pip(self) -> Path:
        """The wheel of pip itself."""
        return self.folder / str(self._said["pip"])

    @property
    def unit(self) -> bytes:
        """The unit for systemd."""
        return self.read(self.program.unit)

    def read(self, path: str) -> bytes:
        """Return the content of a file that the manifest names.

        Raises:
            RefusedError: the manifest does not name it.
        """
        if path not in self._known:
            raise _damaged(self.folder, f"its manifest does not name {path}")
        return (self.folder / path).read_bytes()

    def _check(self, path: str, expected: str) -> None:
        """Compare a file with the manifest."""
        digest = hashlib.sha256()
        try:
            with (self.folder / path).open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError as error:
            why = f"{path} is missing" if isinstance(error, FileNotFoundError) else in_words(error)
            raise _damaged(self.folder, why) from None
        if digest.hexdigest() != expected:
            raise _damaged(self.folder, f"{path} is not what the manifest says")


def _damaged(folder: Path, why: str) -> RefusedError:
    return RefusedError(
        f"{folder}: the bundle is damaged or cut short ({why}): "
        "copy it again, and compare its SHA-256 before you unpack it"
    )
