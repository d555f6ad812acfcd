"""A machine that is only played: a root folder, users in a set, systemd in a few lines."""

import os
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import trustme

from venuewatch.venue.bundle import archive
from venuewatch.venue.bundle.content import Order, entries
from venuewatch.venue.bundle.host import main
from venuewatch.venue.bundle.host.before import FOLDER
from venuewatch.venue.bundle.host.machine import FailedError, Machine
from venuewatch.venue.bundle.host.program import LINK, LOCK, RELEASES, UNITS
from venuewatch.venue.bundle.wheels import Target, read_folder

HOST = "STA-results-01"
NOW_S = 1_800_000_000.0
HERE = Target("3.11", "x86_64")
CONFIGURATION = f"""\
venue = "STA"
host = "{HOST}"
[broker]
address = "mqtt.example.org"
ca_file = "/etc/venuewatch/ca.pem"
cert_file = "/etc/venuewatch/host.pem"
key_file = "/etc/venuewatch/host.key"
"""
BROKEN = "9.9.9"
"""The version of an agent that ends as soon as it is started."""


class KilledError(BaseException):
    """The installation was killed: nothing of it runs any more."""


class PlayedMachine(Machine):
    """Counts what is done to it, and has itself killed before one of these actions."""

    def __init__(self, root: Path, *, has_systemd: bool = True) -> None:
        super().__init__(root)
        self.users = {"root"}
        self.owners: dict[Path, str] = {}
        self.now = 1_000.0
        self.time_of_day = NOW_S
        self.free = 1 << 40
        self.kill_at: int | None = None
        self.actions = 0
        self.running: str | None = None
        self.at_boot = False
        self.crashes = False
        self.starts = 0
        self.told: list[str] = []
        self.status = "connected to 10.0.0.1, hears the centre"
        self.refusal = ""
        self.full_at = ""
        self.full_from: int | None = None
        self.ran: list[Sequence[str]] = []
        for folder in ("etc", "opt", "var/lib", "run", UNITS.lstrip("/")):
            (root / folder).mkdir(parents=True, exist_ok=True)
        if has_systemd:
            (root / "run/systemd/system").mkdir(parents=True)

    # Actions

    def _act(self) -> None:
        self.actions += 1
        if self.actions == self.kill_at:
            raise KilledError

    def write(self, path: str, content: bytes, *, mode: int, group: str = "root") -> None:
        self._act()
        is_full = self.full_from is not None and self.actions >= self.full_from
        if is_full or (self.full_at and path.endswith(self.full_at)):
            raise OSError(28, os.strerror(28), path)
        super().write(path, content, mode=mode, group=group)
        self.owners.pop(self.at(path), None)

    def link(self, path: str, target: str) -> None:
        self._act()
        super().link(path, target)

    def remove(self, path: str) -> None:
        self._act()
        if self.at(path).is_dir() and self.at(path).parent == self.at(RELEASES):
            self.full_from = None  # a release makes room
        super().remove(path)

    def add_user(self, name: str) -> None:
        self._act()
        self.users.add(name)

    def remove_user(self, name: str) -> None:
        self._act()
        self.users.discard(name)

    def run(self, words: Sequence[str], *, user: str | None = None) -> str:
        assert user in {None, *self.users}
        if words[:2] != ["systemctl", "show"]:  # which changes nothing
            self._act()
        self.ran.append(words)
        if "venv" in words:
            (Path(words[-1]) / "bin").mkdir(parents=True)
        elif "install" in words:
            names = [Path(word).name for word in words]
            ours = [name for name in names if name.startswith("venuewatch-")]
            version = ours[0].split("-")[1] if ours else ""
            (Path(words[0]).parents[1] / "version").write_text(version)
        elif "check-config" in words and self.refusal:
            raise FailedError(f"{words[0]} ended with 2: {self.refusal}")
        elif words[0] == "systemctl":
            return self._systemctl(words[1:])
        return ""

    def _systemctl(self, words: Sequence[str]) -> str:
        if words[0] == "start":
            self.running = self.version
            if self.running != BROKEN:
                spool = self.at("/var/lib/venuewatch-agent/spool")
                spool.mkdir(parents=True, exist_ok=True)
                self.owners[spool] = "venuewatch-agent"
                self.starts += 1
        elif words[0] in {"stop", "disable"} and {"stop", "--now"} & set(words):
            self.running = None
        elif words[0] == "show":
            return "\n".join(f"{name}={value}" for name, value in self._shown().items())
        if words[0] in {"enable", "disable"}:
            self.at_boot = words[0] == "enable"
        return ""

    def _shown(self) -> dict[str, object]:
        is_up = self.running not in {None, BROKEN} and not self.crashes
        return {
            "MainPID": 7 if is_up else 0,
            "StatusText": self.status if is_up else "",
            "ActiveState": "active" if is_up else "activating" if self.running else "inactive",
            "UnitFileState": "enabled" if self.at_boot else "disabled",
        }

    # What it is

    def own(self, path: Path, owner: str, group: str) -> None:
        assert {owner, group} <= self.users
        self.owners[path] = owner

    def owner_of(self, path: str) -> str | None:
        here = self.at(path)
        return self.owners.get(here, "root") if here.exists() else None

    def belongs_to(self, path: str, owner: str, group: str) -> bool:
        assert {owner, group} <= self.users
        return self.owner_of(path) == owner

    def changed_ns(self, path: str) -> int:
        return self.starts if self.at(path).is_dir() else 0

    def tell(self, text: str) -> None:
        self.told.append(text)

    def has_user(self, name: str) -> bool:
        return name in self.users

    def free_bytes(self, path: str) -> int:
        assert path.startswith("/")
        return self.free

    def sync_folder(self, folder: Path) -> None:
        """Spare the time."""

    @property
    def python(self) -> str:
        return HERE.name

    @property
    def is_root(self) -> bool:
        return True

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.time_of_day

    def sleep(self, wait_s: float) -> None:
        self.now += wait_s

    # For tests

    @property
    def version(self) -> str | None:
        """The version that would be started."""
        link = self.at(LINK)
        if not link.is_symlink():
            return "by-hand" if link.is_dir() else None
        return (self.at(str(link.readlink())) / "version").read_text()

    def tree(self) -> dict[str, object]:
        """Return all there is on it, but for its own notes and the modes of folders."""
        ours = (FOLDER.lstrip("/"), LOCK.lstrip("/"))
        found: dict[str, object] = {"users": sorted(self.users), "running": self.running}
        found["at boot"] = self.at_boot
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if name.startswith(ours):
                continue
            if path.is_symlink():
                found[name] = str(path.readlink())
            elif path.is_file():
                found[name] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
            else:
                found[name] = "folder"
        return found

    @property
    def notes(self) -> list[str]:
        """The names of what is left of the notes."""
        folder = self.at(FOLDER)
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@cache
def credentials() -> tuple[bytes, bytes, bytes]:
    """Return an authority, a certificate and its key."""
    authority = trustme.CA()
    made = authority.issue_cert(HOST)
    return (
        authority.cert_pem.bytes(),
        made.cert_chain_pems[0].bytes(),
        made.private_key_pem.bytes(),
    )


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    tags: str = "py3-none-any",
    requires: Iterable[str] = (),
) -> Path:
    """Write a wheel that has nothing but its name and what it requires."""
    path = folder / f"{name}-{version}-{tags}.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    with zipfile.ZipFile(path, "w") as archive_:
        archive_.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")
    return path


def files_of_host(configuration: str = CONFIGURATION) -> dict[str, bytes]:
    """Return what ``venue add`` writes for a host."""
    authority, certificate, _ = credentials()
    return {"agent.toml": configuration.encode(), "ca.pem": authority, "host.pem": certificate}


def unpacked(
    tmp_path: Path,
    version: str = "1.0.0",
    hosts: Mapping[str, Mapping[str, bytes]] | None = None,
    *,
    made_at_s: float = NOW_S,
    makes_keys: bool = False,
) -> Path:
    """Make a bundle, write it as an archive, unpack it, and return the folder."""
    wheels = tmp_path / f"wheels-{version}"
    wheels.mkdir(exist_ok=True)
    make_wheel(wheels, "venuewatch", version, requires=["h11>=0.16"])
    make_wheel(wheels, "h11", "0.16.0")
    make_wheel(wheels, "pip", "24.0")
    if makes_keys:
        make_wheel(wheels, "cryptography", "45.0")
    order = Order("agent", "STA", (HERE,), makes_keys, made_at_s)
    found = entries(order, hosts or {HOST: files_of_host()}, read_folder(wheels))
    name = f"bundle-{version}"
    archive.write(tmp_path / f"{name}.tar", found, folder=name, made_at_s=made_at_s)
    with tarfile.open(tmp_path / f"{name}.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path / name


def key_file(tmp_path: Path) -> Path:
    """Return a file with the host's key."""
    path = tmp_path / "given.key"
    path.write_bytes(credentials()[2])
    return path


def run(machine: Machine, command: str, folder: Path, *words: str | Path) -> int:
    """Run a command of a bundle on a machine, as its script does."""
    options = main.parser_of(command).parse_args([str(word) for word in words])
    return main.run(command, folder, options, machine)
