"""Memory of the agent's process: its threads share a heap."""

import platform
import subprocess
import sys

import pytest

THREADS = """
import re, sys, threading
from agent.__main__ import keep_one_heap

if sys.argv[1] == "one":
    keep_one_heap()
ended, made = threading.Event(), threading.Barrier(5)

def hold():
    held = [bytes(2_000) for _ in range(50)]
    made.wait(10)
    ended.wait(10)
    del held

for _ in range(4):
    threading.Thread(target=hold, daemon=True).start()
made.wait(10)
maps = open("/proc/self/maps").read()
reserved = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) ---p 00000000 00:00 0", maps, re.M)
print(sum(int(end, 16) - int(begin, 16) > 32 << 20 for begin, end in reserved))
ended.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_of_the_agent_share_a_heap() -> None:
    assert heaps("one") == 0
    assert heaps("as it was") > 0


def heaps(how: str) -> int:
    """Return how many heaps four threads have reserved, beside that of the process."""
    command = [sys.executable, "-c", THREADS, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
