"""A program that the system can not load, as on a mount that hangs, stops nothing but its check."""

import ctypes
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="fanotify(7) is of Linux"),
]

_DEBIANS = Path("/usr/bin/python3")
_ROOT = Path(__file__).parents[3]
_CONTENT_CLOEXEC, _ADD, _EXEC, _HERE = 0x05, 0x01, 0x00040000, -100  # fanotify_init(2), _mark(2)
_PATIENCE_S = 20.0

# Runs in a process of its own: whoever adopts kills each child that it did not start by itself.
_WORLD = """
import json, os, sys, threading, time
from agent.checks.exec import Check, Config
from agent.checks.host import adoption
from agent.checks.patterns.matcher import Matcher
from agent.checks.reading.times import Deadline

adoption.begin()
longest = 0.0

def beat():
    global longest
    last = time.monotonic()
    while True:
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        time.sleep(0.01)

def read(*command):
    return Check(Config(name="x", command=command, timeout_s=2.0), None).read()

threading.Thread(target=beat, daemon=True).start()
threading.Thread(target=read, args=sys.argv[1:2], daemon=True).start()
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
time.sleep(1.0)
states = [read("sh", "-c", "echo fine").state for _ in range(3)]
is_matching = Matcher().is_in("a", b"a", Deadline(10.0))
print(json.dumps([states, is_matching, longest]))
sys.stdout.flush()
os._exit(0)
"""


@contextmanager
def never_loaded(program: Path) -> Iterator[int]:
    """Have nobody's start of a program succeed; yield what becomes readable when one is tried."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fanotify_mark.argtypes = [
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint64,
        ctypes.c_int,
        ctypes.c_char_p,
    ]
    asked = libc.fanotify_init(_CONTENT_CLOEXEC, os.O_RDONLY)
    if asked < 0:
        pytest.skip(f"fanotify: {os.strerror(ctypes.get_errno())}")
    try:
        if libc.fanotify_mark(asked, _ADD, _EXEC, _HERE, os.fsencode(program)) != 0:
            pytest.skip(f"fanotify: {os.strerror(ctypes.get_errno())}")
        yield asked
    finally:
        os.close(asked)  # whoever waits goes on


@pytest.mark.parametrize("python", ["ours", "Debian's"])
def test_program_that_does_not_load_stops_no_beat_and_no_other_check(
    tmp_path: Path, python: str
) -> None:
    executable = sys.executable if python == "ours" else str(_DEBIANS)
    if python != "ours" and _version_of(_DEBIANS) != _version_of(Path(sys.executable)):
        pytest.skip("Debian's python3 is of another version, so it has none of our packages")
    program, is_tried = tmp_path / "plugin", tmp_path / "tried"
    shutil.copy("/bin/true", program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *_packages()])}
    words = [executable, "-c", _WORLD, str(program), str(is_tried)]
    with (
        never_loaded(program) as asked,
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as world,
    ):
        try:
            assert select.select([asked], [], [], _PATIENCE_S)[0]
            is_tried.touch()
            said, _ = world.communicate(timeout=_PATIENCE_S)
        finally:
            world.kill()

    states, is_matching, longest_s = json.loads(said)
    assert (states, is_matching) == (["ok"] * 3, True)
    assert longest_s < 1.0


def _packages() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


def _version_of(python: Path) -> str:
    asked = "import sys; print(sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    except OSError:
        return ""
    return done.stdout.strip()
