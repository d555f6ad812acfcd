"""Lists every file of a bundle, and refuses one that must not be in it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.venue.bundle.host.opened import DESCRIPTION, END, FORMAT, MANIFEST
from venuewatch.venue.bundle.host.program import PARTS, PROGRAMS, SCRIPTS
from venuewatch.venue.bundle.markers import Requirement
from venuewatch.venue.bundle.wheels import Target, Wheel, choose

_HOST: Final = Path(__file__).with_name("host")
_UNITS: Final = Path(__file__).with_name("units")
_PIECE: Final = 1 << 20
_RELEASE_DIGITS: Final = 12
EXTRAS: Final[Mapping[str, frozenset[str]]] = {
    "agent": frozenset(),
    "aggregator": frozenset({"aggregator", "venue"}),
}
"""The extras of our own wheel that each program needs."""


class Entry(NamedTuple):
    """One file of the archive: its path there, its mode, its content or the file that has it."""

    path: str
    mode: int
    source: bytes | Path

    def digest(self) -> str:
        """Return its SHA-256.

        Raises:
            ConfigError: it can't be read.
        """
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        found = hashlib.sha256()
        try:
            with self.source.open("rb") as file:
                while piece := file.read(_PIECE):
                    found.update(piece)
        except OSError as error:
            raise unusable(self.source, error) from None
        return found.hexdigest()


class Order(NamedTuple):
    """What an operator asks for.

    ``venue`` is empty for the centre's own bundle. ``makes_keys``: hosts can make their own.
    ``made_at_s``: the time of day; a host whose clock is before it has a wrong one.
    """

    program: str
    venue: str
    targets: Sequence[Target]
    makes_keys: bool
    made_at_s: float


def entries(
    order: Order, hosts: Mapping[str, Mapping[str, bytes]], wheels: Sequence[Wheel]
) -> list[Entry]:
    """Return all files of a bundle; the manifest is the first.

    ``hosts``: the files of each, by name, for its ``/etc/venuewatch``.

    Raises:
        ConfigError: a wheel is missing, or a file holds a private key.
    """
    _check_hosts(order, hosts)
    ours = Requirement("venuewatch", EXTRAS[order.program], "")
    chosen = {target.name: choose(wheels, target, ours) for target in order.targets}
    maker = Requirement("cryptography", frozenset(), "")
    makers = {
        target.name: choose(wheels, target, maker)
        for target in (order.targets if order.makes_keys else ())
    }
    pip = choose(wheels, order.targets[0], Requirement("pip", frozenset(), ""))[0]
    packed = _packed([pip], *chosen.values(), *makers.values())
    said = {
        "format": FORMAT,
        "program": order.program,
        "venue": order.venue,
        "made_at_s": int(order.made_at_s),
        "release": _release(chosen),
        "pip": _place(pip),
        "pythons": {name: [_place(wheel) for wheel in some] for name, some in chosen.items()},
        "key_maker": {name: [_place(wheel) for wheel in some] for name, some in makers.items()},
        "hosts": {
            host: {name: f"hosts/{host}/{name}" for name in sorted(files)}
            for host, files in sorted(hosts.items())
        },
    }
    found = [
        Entry(DESCRIPTION, 0o644, json.dumps(said, indent=1).encode() + b"\n"),
        *_programs(PROGRAMS[order.program].unit),
        *[
            Entry(f"hosts/{host}/{name}", 0o644, content)
            for host, files in sorted(hosts.items())
            for name, content in sorted(files.items())
        ],
        *packed,
    ]
    return [Entry(MANIFEST, 0o644, _manifest(found)), *found]


def _check_hosts(order: Order, hosts: Mapping[str, Mapping[str, bytes]]) -> None:
    configuration = Path(PROGRAMS[order.program].configuration).name
    if not hosts:
        raise ConfigError(f"{order.venue}: expected a host, got none: venuewatch venue add first")
    for host, files in hosts.items():
        if configuration not in files:
            raise ConfigError(f"{one_line(host)}: expected its {configuration}, got none")
        for name, content in files.items():
            if b"PRIVATE KEY-----" in content:
                raise ConfigError(
                    f"{one_line(host)}/{one_line(name)} holds a private key, and a bundle has "
                    "none: move it, and hand it over by itself"
                )


def _release(chosen: Mapping[str, Iterable[Wheel]]) -> str:
    """Return the name of what is installed: our version, and a digest of all wheels."""
    wheels = {wheel.path.name: wheel for some in chosen.values() for wheel in some}
    digest = hashlib.sha256()
    for name in sorted(wheels):
        content = Entry(name, 0, wheels[name].path).digest()
        digest.update(f"{name} {content}\n".encode())
    version = next(wheel.version for wheel in wheels.values() if wheel.name == "venuewatch")
    return f"{version}-{digest.hexdigest()[:_RELEASE_DIGITS]}"


def _packed(*choices: Iterable[Wheel]) -> list[Entry]:
    """Return each wheel that was chosen for anything, once."""
    paths = {_place(wheel): wheel.path for some in choices for wheel in some}
    return [Entry(place, 0o644, path) for place, path in sorted(paths.items())]


def _place(wheel: Wheel) -> str:
    return f"wheels/{wheel.path.name}"


def _programs(unit: str) -> list[Entry]:
    """Return what runs on the host, and the unit."""
    script = (_HOST / "script.py").read_bytes()
    return [
        *[Entry(name, 0o755, script) for name in SCRIPTS if name != "supervise"],
        *[
            Entry(f"{PARTS}/{path.name}", 0o644, path.read_bytes())
            for path in sorted(_HOST.glob("*.py"))
        ],
        Entry(unit, 0o644, (_UNITS / unit).read_bytes()),
    ]


def _manifest(found: Iterable[Entry]) -> bytes:
    """Return the manifest, as ``sha256sum --check`` reads it, and its last line."""
    lines = [f"{entry.digest()}  {entry.path}" for entry in found]
    return "\n".join([*lines, END, ""]).encode()
