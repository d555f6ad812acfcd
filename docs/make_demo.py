"""Write ``docs/demo.svg``, the table of the demo: ``python docs/make_demo.py``.

The fleet is the demo's, without its programs: two scenes are on, and all other hosts are up.
"""

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from aggregator import inventory
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.walltime import WallTime
from venuewatch.demo import breaking, table
from venuewatch.demo.parts import inventory_file
from venuewatch.demo.scenes import SCENES

TARGET = Path(__file__).parent / "demo.svg"

_SCREEN = table.Screen(90, 25)
_ROUND_TRIP_S = 0.002
_INCIDENTS = [
    Incident(1, Subject("host", "STA", "STA-results-01", ""), Cause.AGENT_STOPPED, 100.0),
    Incident(2, Subject("venue", "MRS", "", ""), Cause.VENUE_UNREACHABLE, 101.0),
]
_NOT_UP = {"STA-results-01": HostState.DOWN}


def _fleet() -> Fleet:
    with inventory_file() as path:
        fleet = inventory.fleet_of(inventory.read(path))
    for venue in fleet.venues.values():
        is_cut = venue.code == "MRS"
        for host in venue.hosts.values():
            venue.counts[host.state] -= 1
            host.state = _NOT_UP.get(host.name, HostState.UNREACHABLE if is_cut else HostState.UP)
            host.round_trip_s = _ROUND_TRIP_S
            venue.counts[host.state] += 1
    return fleet


def text() -> str:
    """Return the picture."""
    on = {incident.cause.value for incident in _INCIDENTS}
    keys = [(f"{key} {name}", name in on) for key, name in breaking.KEYS.items()]
    around = table.Around(
        ["page     http://127.0.0.1:8039/", "Ctrl-C ends everything."],
        [f"{name}: the demo {SCENES[name].says}" for name in SCENES if name in on],
        [("Keys break and mend:", False), *keys, (f"{breaking.MEND_ALL} mend all", False)],
    )
    console = Console(
        file=io.StringIO(),
        width=_SCREEN.width,
        height=_SCREEN.height,
        record=True,
        force_terminal=True,
        color_system="truecolor",
    )
    lines = table.view(_fleet(), _INCIDENTS, WallTime(0.0, 0.0), _SCREEN, around)
    console.print(*lines, sep="\n")
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = console.export_svg(title="make demo", code_format=form, unique_id="demo")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
