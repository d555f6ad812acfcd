"""Runs the real agent with a clock that can be stepped while it runs.

``wandering_agent.py OFFSET_FILE --config agent.toml``: the file says by how much (s) the wall clock
is wrong. Nothing else of the agent is touched, and nothing of this machine's clock.
"""

import sys
from pathlib import Path

from agent.__main__ import main
from venuewatch.base import clock

_OFFSET = Path(sys.argv.pop(1))
_true_wall = clock.wall


def _wall() -> float:
    return _true_wall() + float(_OFFSET.read_text() or 0)


if __name__ == "__main__":
    clock.wall = _wall
    sys.exit(main())
