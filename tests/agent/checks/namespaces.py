"""Two machines of our own: network namespaces joined by one cable, for root on Linux."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.checks import Reading
from venuewatch.base.wire.checks import CheckValues

ROOT = Path(__file__).parents[3]

_READ_ONE = """
import sys, msgspec
from agent import checks
entry = msgspec.json.decode(sys.argv[1])
module = checks.load(entry["kind"])
check = module.Check(msgspec.convert(entry, module.Config), lambda _name: None)
print(msgspec.json.encode(check.read()).decode())
"""


class Cable:
    """We are ``here`` (10.9.0.1, fd09::1), the other end is ``there`` (10.9.0.2, fd09::2)."""

    def __init__(self, name: str) -> None:
        self.here, self.there = f"{name}-a", f"{name}-b"

    def run(self, where: str, *command: str) -> str:
        return _run("ip", "netns", "exec", where, *command)

    def set(self, where: str, name: str, value: str) -> None:
        self.run(where, "sh", "-c", f"echo '{value}' > /proc/sys/net/{name}")

    def read(self, kind: str, *, is_raw_allowed: bool = True, **config: Any) -> Reading:
        """Take a reading here; without CAP_NET_RAW if so wished."""
        entry = {"kind": kind, "name": "it", "timeout_s": 2.0} | config
        command = [sys.executable, "-c", _READ_ONE, json.dumps(entry)]
        if not is_raw_allowed:
            command = ["setpriv", "--bounding-set=-net_raw", *command]
        state, detail, values = json.loads(self.run(self.here, *command))
        return Reading(state, detail, msgspec.convert(values, CheckValues))


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Make the namespaces and the cable; skip where that is not possible."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need root on Linux")
    if shutil.which("ip") is None or shutil.which("setpriv") is None:
        pytest.skip("iproute2 and util-linux are not installed")
    made = Cable(f"vw{os.getpid()}")
    try:
        try:
            for where in (made.here, made.there):
                _run("ip", "netns", "add", where)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces are not allowed here: {error.stderr.strip()}")
        _join(made)
        yield made
    finally:
        for where in (made.here, made.there):
            subprocess.run(["ip", "netns", "del", where], check=False, capture_output=True)


def _join(made: Cable) -> None:
    ends = ("veth", "peer", "name", "port0", "netns", made.there)
    _run("ip", "-n", made.here, "link", "add", "port0", "type", *ends)
    for at, where in enumerate((made.here, made.there), start=1):
        made.set(where, "ipv6/conf/all/accept_dad", "0")
        made.set(where, "ipv6/conf/port0/accept_dad", "0")
        _run("ip", "-n", where, "addr", "add", f"10.9.0.{at}/24", "dev", "port0")
        _run("ip", "-n", where, "addr", "add", f"fd09::{at}/64", "dev", "port0", "nodad")
        _run("ip", "-n", where, "addr", "add", f"fe80::9:{at}/64", "dev", "port0", "nodad")
        for link in ("lo", "port0"):
            _run("ip", "-n", where, "link", "set", link, "up")


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=30)
    return done.stdout
