"""Chooses the wheels that one Python on one architecture needs, from those in a folder.

A wheel's name says where it runs (PEP 427, PEP 600). Debian 12 has glibc 2.36, so a wheel that
wants a later one is none for us.
"""

import zipfile
from collections.abc import Collection, Iterable, Mapping
from email.parser import Parser
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.venue.bundle.markers import Requirement, fits, normal, release_of, required

PYTHONS: Final = ("3.11", "3.12", "3.13")
ARCHITECTURES: Final = ("x86_64", "aarch64", "armv7l")
_GLIBC_MINOR_MAX: Final = 36
_OLD_MANYLINUX: Final = frozenset({"manylinux1", "manylinux2010", "manylinux2014"})
_METADATA_MAX: Final = 1024 * 1024
_WHEELS_MAX: Final = 2_000
_PARTS: Final = (5, 6)

HOW: Final = (
    "fetch it with pip download --only-binary :all: --python-version VERSION "
    "--platform manylinux2014_ARCHITECTURE --dest FOLDER"
)
"""How an operator fills the folder."""


class Target(NamedTuple):
    """One Python on one architecture."""

    python: str
    machine: str

    @property
    def name(self) -> str:
        """As a bundle names it: ``3.11-x86_64``."""
        return f"{self.python}-{self.machine}"

    @property
    def words(self) -> str:
        """As a person names it."""
        return f"Python {self.python} on {self.machine}"


class Wheel(NamedTuple):
    """One file: its distribution, its version, its tags, and what it requires."""

    path: Path
    name: str
    version: str
    tags: tuple[str, str, str]
    requires: tuple[str, ...]

    def runs_on(self, target: Target) -> bool:
        """Tell if it was built for a target."""
        pythons, abis, platforms = (tag.split(".") for tag in self.tags)
        return any(_suits(python, abis, target) for python in pythons) and any(
            _has(platform, target.machine) for platform in platforms
        )


def _suits(python: str, abis: Collection[str], target: Target) -> bool:
    major, minor = release_of(target.python)
    own = f"cp{major}{minor}"
    if python in {f"py{major}", f"py{major}{minor}"}:
        return "none" in abis
    if python == own:
        return bool({own, "abi3", "none"} & set(abis))
    is_older = python.startswith(f"cp{major}") and python[3:].isdigit() and int(python[3:]) <= minor
    return is_older and "abi3" in abis


def _has(platform: str, machine: str) -> bool:
    if platform == "any":
        return True
    if not platform.endswith(f"_{machine}"):
        return False
    kind = platform.removesuffix(f"_{machine}")
    if kind == "linux" or kind in _OLD_MANYLINUX:
        return True
    minor = kind.removeprefix("manylinux_2_")
    return minor != kind and minor.isdigit() and int(minor) <= _GLIBC_MINOR_MAX


def read_folder(folder: Path) -> list[Wheel]:
    """Return the wheels in a folder.

    Raises:
        ConfigError: it can't be read, or a wheel in it is none.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise unusable(folder, error) from None
    found = [read_wheel(path) for path in paths if path.suffix == ".whl"]
    if not 0 < len(found) <= _WHEELS_MAX:
        raise ConfigError(
            f"{one_line(folder)}: expected 1 to {_WHEELS_MAX} wheels, got {len(found)}: {HOW}"
        )
    return found


def read_wheel(path: Path) -> Wheel:
    """Return what a wheel says of itself.

    Raises:
        ConfigError: it says nothing that can be read.
    """
    parts = path.stem.split("-")
    if len(parts) not in _PARTS:
        example = "h11-0.16.0-py3-none-any.whl"
        raise ConfigError(f"{one_line(path)}: expected a wheel's name, such as {example}")
    name, version, tags = parts[0], parts[1], (parts[-3], parts[-2], parts[-1])
    try:
        with zipfile.ZipFile(path) as archive:
            (found,) = (
                info
                for info in archive.infolist()
                if info.filename.count("/") == 1 and info.filename.endswith(".dist-info/METADATA")
            )
            with archive.open(found) as file:
                text = file.read(_METADATA_MAX).decode()
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"{one_line(path)}: expected a wheel, got damage ({one_line(error)}): fetch it again"
        ) from None
    said = Parser().parsestr(text, headersonly=True)
    return Wheel(path, normal(name), version, tags, tuple(said.get_all("Requires-Dist", [])))


def choose(wheels: Iterable[Wheel], target: Target, first: Requirement) -> list[Wheel]:
    """Return the wheels that a target needs for ``first`` and for all that it requires.

    Raises:
        ConfigError: one is missing, or it is not clear which one is meant; by name.
    """
    running: dict[str, list[Wheel]] = {}
    for wheel in wheels:
        if wheel.runs_on(target):
            running.setdefault(wheel.name, []).append(wheel)
    chosen: dict[str, Wheel] = {}
    asked: set[Requirement] = set()
    open_ = [first]
    while open_:
        requirement = open_.pop()
        if requirement in asked:
            continue
        asked.add(requirement)
        wheel = chosen[requirement.name] = _one(running, requirement, target)
        try:
            needs = [
                required(
                    line, python=target.python, machine=target.machine, extras=requirement.extras
                )
                for line in wheel.requires
            ]
        except ValueError as error:
            raise ConfigError(f"{one_line(wheel.path)}: {one_line(error)}") from None
        open_ += [need for need in needs if need is not None]
    return sorted(chosen.values(), key=lambda wheel: wheel.name)


def _one(running: Mapping[str, list[Wheel]], wanted: Requirement, target: Target) -> Wheel:
    """Return the one wheel that is wanted."""
    found = running.get(wanted.name, [])
    versions = sorted({wheel.version for wheel in found})
    if not found:
        raise ConfigError(f"no wheel of {wanted.name} for {target.words}: {HOW}")
    if len(versions) > 1:
        raise ConfigError(
            f"{wanted.name}: expected one version of it, got {' and '.join(versions)}: keep one"
        )
    if not fits(versions[0], wanted.versions):
        raise ConfigError(f"{wanted.name}: expected {wanted.versions}, got {versions[0]}: {HOW}")
    # Of several builds, the one made for this Python is smaller and faster than one for all.
    return max(found, key=lambda wheel: (wheel.tags[1] != "none", wheel.tags[1] != "abi3"))
