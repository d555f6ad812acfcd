"""Measures the way from nothing to a running centre and a venue of three hosts, by typed commands.

Each machine is an overlay of one debootstrapped tree with Debian's packages alone, in namespaces of
its own, and reaches no index. The clock starts at the first command that a person types; the tree,
the wheels and the centre's bundle are ready by then. Then an upgrade to a broken agent has to go
back by itself, a host is revoked, and the venue is taken out.

The tree, once, as root:
    debootstrap --variant=minbase --include=python3,mosquitto,procps,iproute2 bookworm TREE MIRROR
Debian 13 is trixie, with --python 3.13-x86_64 and wheels of that Python.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.kit.bare_hosts import BareHost, bare_hosts
from bench.kit.processes import ROOT, BenchError, wait_for
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import StageError

SUMMARY = "from nothing to a centre and a venue of three hosts: commands, seconds, and back again"

_CENTRE: Final = "centre"
_HOSTS: Final = ("STA-results-01", "STA-scores-01", "STA-gate-01")
_UP_S: Final = 60.0
_LIMITS: Final = {"seconds": 180.0, "commands": 8.0}
_VENUEWATCH: Final = "/opt/venuewatch/bin/venuewatch"
_UNLOCK: Final = "--passphrase-file passphrase"
_AGGREGATOR: Final = """\
inventory = "inventory.toml"
[broker]
address = "127.0.0.1"
[broker.bulk]
"""
_SETTINGS: Final = """\
broker_address = "{address}"
reload_broker = ["pkill", "-HUP", "-x", "mosquitto"]
reload_aggregator = ["pkill", "-HUP", "-f", "bin/python -I -m aggregator"]
"""
_VENUE: Final = 'name = "Stadium"\ntown = "Saint-Denis"\nlink = "wired"\n'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--tree",
        type=Path,
        default=ROOT / ".cache" / "debian12",
        help="a bare Debian (%(default)s)",
    )
    parser.add_argument(
        "--wheels",
        type=Path,
        default=ROOT / ".cache" / "wheels",
        help="of all that centre and agent need, and pip's: docs/bundle.md (%(default)s)",
    )
    parser.add_argument("--python", default="3.11-x86_64", help="the tree's (%(default)s)")


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: something is not as it must be, or can not be had here.
    """
    for path, what in ((options.tree / "usr/bin/python3", "tree"), (options.wheels, "wheels")):
        if not path.exists():
            raise BenchError(f"{path} is not there: how to make the {what} is in bench/install.py")
    with tempfile.TemporaryDirectory() as folder:
        play = _Play(options, Path(folder))
        try:
            with bare_hosts(options.tree, (_CENTRE, *_HOSTS), folder=Path(folder)) as hosts:
                play.make_ready(hosts)
                play.bring_in(hosts)
                play.go_back(hosts)
                play.take_out(hosts)
        except StageError as error:
            raise BenchError(str(error)) from None
    goals = [Goal(key, limit, "all") for key, limit in _LIMITS.items()]
    return Result(play.rows, {"hosts": len(_HOSTS), "python": options.python}, goals)


class _Play:
    """The machines' story, and what each line of it took."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._commands = 0
        self.rows: list[Row] = []

    def make_ready(self, hosts: dict[str, BareHost]) -> None:
        """Have at hand what is there before the clock starts."""
        files = self._folder / "files"
        files.mkdir()
        (files / "aggregator.toml").write_text(_AGGREGATOR)
        (files / "inventory.toml").write_text("venue = []\n")
        archive = self._folder / "venuewatch-centre.tar"
        command = [sys.executable, "-m", "venuewatch.cli", "venue", "bundle"]
        options = ["--centre", str(files), "--wheels", str(self._options.wheels)]
        target = ["--python", self._options.python, "--out", str(archive)]
        done = subprocess.run(
            [*command, *options, *target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"no bundle of the centre: {done.stderr.strip()}")
        centre = hosts[_CENTRE]
        centre.carry(archive)
        for name in ("wheels", "broken"):
            centre.path(f"/root/{name}").mkdir()
        for wheel in self._options.wheels.glob("*.whl"):
            centre.carry(wheel, "/root/wheels")
            _carry_broken(wheel, centre.path("/root/broken"))
        for name in ("venuewatch.conf", "venues.conf"):
            centre.carry(ROOT / "mosquitto" / name)
        rows = [f"{name},server,{hosts[name].address},,," for name in _HOSTS]
        listed = "\n".join(["host,role,address,probe_port,gateway,required", *rows, ""])
        centre.path("/root/hosts.csv").write_text(listed)
        centre.path("/root/venue.toml").write_text(_VENUE)
        centre.path("/root/venues.toml").write_text(_SETTINGS.format(address=centre.address))
        secret = centre.path("/root/passphrase")
        secret.write_text("a passphrase of a bench\n")
        secret.chmod(0o400)

    def bring_in(self, hosts: dict[str, BareHost]) -> None:
        """Type what the documents say, and see all hosts up."""
        centre = hosts[_CENTRE]
        begin = clock.monotonic()
        line = "tar xf venuewatch-centre.tar && venuewatch-centre/install"
        self._typed(centre, "install the centre", line)
        add = f"{_VENUEWATCH} venue add STA --venue venue.toml --hosts hosts.csv {_UNLOCK}"
        self._typed(centre, "venue add", f"cp venues.toml /etc/venuewatch/ && {add}")
        self._typed(
            centre,
            "start the broker",
            "cp venuewatch.conf /etc/mosquitto/conf.d/00-venuewatch.conf && "
            "cp venues.conf /etc/mosquitto/conf.d/10-venuewatch-venues.conf && "
            "install -d -o mosquitto /run/mosquitto && "
            "mosquitto -d -c /etc/mosquitto/mosquitto.conf && "
            # The first venue's command reloads nothing: an aggregator is started behind it.
            "pkill -HUP -f 'bin/[p]ython -I -m aggregator'",
        )
        bundle = f"{_VENUEWATCH} venue bundle STA --python {self._options.python}"
        self._typed(centre, "venue bundle", f"{bundle} --wheels wheels")
        for name in _HOSTS:
            _hand_over(centre, hosts[name], "venuewatch-STA.tar")
            _hand_over(centre, hosts[name], f"/etc/venuewatch/pki/hosts/STA/{name}.key")
            line = f"venuewatch-STA/install --host {name} --key {name}.key"
            line = f"tar xf venuewatch-STA.tar && {line}"
            self._typed(hosts[name], f"install {name}", line)
        self._seen("all hosts up", lambda: _states(centre) == dict.fromkeys(_HOSTS, "up"))
        self._commands += 1  # the look at the status
        seconds = round(clock.monotonic() - begin, 1)
        self.rows.append({"side": "all", "seconds": seconds, "commands": self._commands})

    def go_back(self, hosts: dict[str, BareHost]) -> None:
        """Upgrade one host to a broken agent: the old one has to run again. Then to a sound one."""
        centre, host = hosts[_CENTRE], hosts[_HOSTS[0]]
        bundle = f"{_VENUEWATCH} venue bundle STA --python {self._options.python}"
        centre.type(f"{bundle} --wheels broken --out broken.tar")
        _hand_over(centre, host, "broken.tar")
        before = host.type("readlink /opt/venuewatch")
        begin = clock.monotonic()
        line = "rm -rf venuewatch-STA && tar xf broken.tar && venuewatch-STA/upgrade"
        host.type(line, code=1)
        self._row("upgrade to a broken agent went back", begin)
        if host.type("readlink /opt/venuewatch") != before:
            raise BenchError("an upgrade to a broken agent left its release in place")
        self._seen("the old agent up again", lambda: _states(centre).get(_HOSTS[0]) == "up")
        begin = clock.monotonic()
        host.type("rm -rf venuewatch-STA && tar xf venuewatch-STA.tar && venuewatch-STA/upgrade")
        self._row("upgrade to a sound agent", begin)

    def take_out(self, hosts: dict[str, BareHost]) -> None:
        """Revoke a host, and take the venue out."""
        centre = hosts[_CENTRE]
        begin = clock.monotonic()
        centre.type(f"{_VENUEWATCH} venue revoke STA/{_HOSTS[1]} {_UNLOCK}")
        self._row("revoke", begin)
        self._seen("the revoked host away", lambda: _states(centre).get(_HOSTS[1]) == "away")
        begin = clock.monotonic()
        centre.type(f"{_VENUEWATCH} venue remove STA {_UNLOCK}")
        self._row("remove", begin)
        self._seen("the venue gone", lambda: not _states(centre))
        for name in _HOSTS:
            hosts[name].type("/opt/venuewatch/uninstall --purge")

    def _typed(self, host: BareHost, what: str, line: str) -> None:
        begin = clock.monotonic()
        host.type(line)
        self._commands += 1
        self._row(what, begin)

    def _seen(self, what: str, is_so: Callable[[], bool]) -> None:
        begin = clock.monotonic()
        if not wait_for(is_so, at_most_s=_UP_S):
            raise BenchError(f"not seen within {_UP_S:g} s: {what}")
        self._row(what, begin)

    def _row(self, side: str, begin: float) -> None:
        seconds = round(clock.monotonic() - begin, 1)
        progress(f"{seconds:6.1f} s  {side}")
        self.rows.append({"side": side, "seconds": seconds})


def _hand_over(centre: BareHost, host: BareHost, path: str) -> None:
    """Carry a file from the centre to a host."""
    host.carry(centre.path(path if path.startswith("/") else f"/root/{path}"))


def _states(centre: BareHost) -> dict[str, str]:
    """Return the state of each host, as the centre's own page says it."""
    ask = (
        "python3 -c 'import urllib.request as r; "
        'print(r.urlopen("http://127.0.0.1:8039/api/v1/venues/STA", timeout=5).read().decode())\''
    )
    code, said = centre.tried(ask)
    try:
        hosts = json.loads(said)["hosts"] if code == 0 else []
    except (KeyError, TypeError, ValueError):
        hosts = []
    return {host["host"]: host["state"] for host in hosts}


def _carry_broken(wheel: Path, folder: Path) -> None:
    """Copy a wheel; in ours the agent ends as soon as it is started."""
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(folder / wheel.name, "w") as new:
        for info in old.infolist():
            is_agent = info.filename == "agent/__main__.py"
            new.writestr(info, b"raise SystemExit(1)\n" if is_agent else old.read(info))
