"""Orphans of a plugin are killed, however they hide; what we started ourselves is not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="orphans can be adopted on Linux only"),
]

# Runs in a process of its own: whoever adopts kills each child that it did not start by itself.
_WORLD = """
import json, os, psutil, sys, threading, time
from agent.checks.exec import Check, Config
from agent.checks.host import adoption
from agent.checks.patterns.matcher import Matcher
from agent.checks.reading.times import Deadline

adoption.begin()

def read(script, timeout_s=20.0):
    check = Check(Config(name="x", command=("sh", "-c", script), timeout_s=timeout_s), None)
    return check.read()

def alive(name):
    found = psutil.process_iter(["cmdline"])
    return sum(each.info["cmdline"] == ["sleep", name] for each in found)

matcher = Matcher()
matcher.is_in("a", b"a", Deadline(20.0))
slow = threading.Thread(target=read, args=(sys.argv[1], 60.0))
slow.start()
while not alive(sys.argv[2]):
    time.sleep(0.01)
reading = read(sys.argv[3], float(sys.argv[4]))
left = alive(sys.argv[5])
beside = alive(sys.argv[2])
is_matching = matcher.is_in("a", b"a", Deadline(20.0)) and matcher.pid in psutil.pids()
open(sys.argv[6], "w").close()
slow.join()
children = len(psutil.Process().children(recursive=True))
print(json.dumps([reading.state, left, beside, is_matching, children]))
"""

DAEMON = "setsid sh -c 'setsid env -i {sleep} & ' </dev/null >/dev/null 2>&1 & "
MANY = "for at in 1 2 3 4 5 6 7 8; do " + DAEMON + "done; "


@pytest.mark.parametrize(
    ("script", "timeout_s", "state"),
    [
        (DAEMON + "sleep 0.3; echo fine", 20.0, "ok"),
        (MANY + "sleep 0.3; echo fine", 20.0, "ok"),
        (DAEMON + "exec sleep 30", 1.5, "critical"),
        ("trap '' TERM HUP; " + DAEMON + "kill -9 $$", 20.0, "critical"),
    ],
)
def test_daemon_of_a_plugin_does_not_outlive_it(
    tmp_path: Path, script: str, timeout_s: float, state: str
) -> None:
    found = _played(tmp_path / "may-end", script, timeout_s)

    assert found == {
        "state": state,
        "left": 0,
        "beside": 1,  # of another plugin, which still runs
        "is_matching": True,
        "children": 1,  # the matcher
    }


def _played(may_end: Path, script: str, timeout_s: float) -> Mapping[str, Any]:
    """Run a script beside another plugin, which has a child in its background; tell what came."""
    beside, left = (f"{seconds}.{os.getpid()}" for seconds in (888, 777))  # they would sleep
    slow = f"(sleep {beside} &); while [ ! -e {may_end} ]; do sleep 0.05; done"
    words = [slow, beside, script.format(sleep=f"sleep {left}"), str(timeout_s), left, str(may_end)]
    done = subprocess.run(
        [sys.executable, "-c", _WORLD, *words], capture_output=True, text=True, check=True
    )
    names = ("state", "left", "beside", "is_matching", "children")
    return dict(zip(names, json.loads(done.stdout), strict=True))
