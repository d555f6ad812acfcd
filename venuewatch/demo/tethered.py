"""Runs a part of the demo as a process that cannot outlive it.

``python -I -m venuewatch.demo.tethered agent --config …``: the parent keeps our standard input
open, and when it closes, however the parent ended, this process is told to stop.
"""

import os
import runpy
import signal
import sys
import threading

_PARTS = {"agent": "agent", "fleet": "venuewatch.demo.fleet"}


def _stop_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the part that the command line names, with the rest of its arguments."""
    part = _PARTS[sys.argv[1]]
    sys.argv[:2] = [part]
    threading.Thread(target=_stop_with_parent, name="tether", daemon=True).start()
    runpy.run_module(part, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
