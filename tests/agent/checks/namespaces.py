"""Two machines of our own: network namespaces joined by one cable, for root on Linux."""

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.checks import Reading
from tests.faults.stage import staged
from venuewatch.base.wire.checks import CheckValues
from venuewatch.rehearsal.stage.machine import Machine, ip, set_kernel

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

    def __init__(self, prefix: str) -> None:
        self.here, self.there = f"{prefix}here", f"{prefix}there"

    def run(self, where: str, *command: str) -> str:
        return ip("netns", "exec", where, *command)

    def set(self, where: str, name: str, value: str) -> None:
        set_kernel(where, [(name, value)])

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
    with staged() as run:
        made = Cable(run.prefix)
        for where in (made.here, made.there):
            ip("netns", "add", where)
        Machine("", made.here).ip(f"link add port0 type veth peer name port0 netns {made.there}")
        for at, where in enumerate((made.here, made.there), start=1):
            made.set(where, "ipv6/conf/all/accept_dad", "0")
            made.set(where, "ipv6/conf/port0/accept_dad", "0")
            addresses = (f"10.9.0.{at}/24", f"fd09::{at}/64 nodad", f"fe80::9:{at}/64 nodad")
            adding = (f"addr add dev port0 {address}" for address in addresses)
            Machine("", where).ip(*adding, "link set lo up", "link set port0 up")
        yield made
