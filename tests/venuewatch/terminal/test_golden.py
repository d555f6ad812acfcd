"""Golden files: ``status`` and ``incidents`` of a scripted fleet, at 60, 80 and 200 columns.

``make test ARGS="tests/venuewatch/terminal/test_golden.py --write-golden"`` writes them anew.
"""

import http.server
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from aggregator.core.incidents.record import Incident
from aggregator.core.states import HostState
from aggregator.shell.http.api.centre import centre_view
from aggregator.shell.http.api.hosts import Passage, host_view
from aggregator.shell.http.api.incidents import IncidentsPage, IncidentWhole, view_of
from aggregator.shell.http.api.timeline import timeline_of
from aggregator.shell.http.api.venues import VenuesPage, venue_line, venue_view
from aggregator.shell.told import Telling
from aggregator.shell.walltime import WallTime
from tests.kit import golden
from tests.kit.checks import Round
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW
from tests.kit.story import Story
from tests.kit.worlds import lose_connection
from venuewatch import cli
from venuewatch.base import clock
from venuewatch.terminal import cells

GOLDEN = Path(__file__).parents[2] / "golden" / "terminal"
AT = WALL + NOW + 45.0
COMMANDS = {
    "status": ["status"],
    "venue": ["status", "STA"],
    "host": ["status", "STA/up"],
    "lost-host": ["status", "STA/down"],
    "incidents": ["incidents"],
    "incident": ["incidents", "2"],
    "milder-status": ["status"],
    "milder-left-host": ["status", "REQ/r1"],
    "milder-left-venue": ["status", "AWY"],
    "milder-check-host": ["status", "ONE/o1"],
    "milder-incidents": ["incidents"],
    "milder-incident": ["incidents", "2"],
    "alike-status": ["status"],
    "alike-venue": ["status", "CUT"],
}
"""The commands by their file; of another fleet than the scripted one its name comes first."""
WIDTHS = (60, 80, 200)
ZONE = "Europe/Paris"


class Api(http.server.BaseHTTPRequestHandler):
    """Answers for a path what is kept of it."""

    kept: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        found = self.kept.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_: object) -> None: ...


def scripted() -> Story:
    """Return the scripted fleet, with a venue that is far away."""
    fleet = golden.fleet()
    fleet.centre.fleet.venues["CUT"].timezone = "Pacific/Tahiti"
    return fleet


def milder() -> Story:
    """Return a fleet in which a required host and others said farewell, and checks fail."""
    names = {
        "REQ": ("r1", "r2"),
        "AWY": ("w1", "w2"),
        "SUM": ("u1", "u2", "u3"),
        "ONE": ("o1", "o2"),
        "GWY": ("g1", "g2", "g3"),
    }
    story = Story(names).bring_up()
    story.host("r1").is_required = True
    for name in ("r1", "w1", "w2", "u1"):
        story.leave(name)
    failing = Round(story, ("o1", "o2", "g1", "g2", "g3"))
    failing.run(10.0)
    failing.set("critical", "o1", "g1", "g2", "g3")
    failing.run(40.0)
    return story


def alike() -> Story:
    """Return a fleet with many of a kind: a venue is cut off, then nothing is heard any more."""
    names = {code: (f"{code}-1", f"{code}-2") for code in ("CTO", "TOC", "MPC", "IBC", "STA")}
    cut = tuple(f"CUT-{at}" for at in range(1, 7))
    story = Story(names | {"CUT": cut}).bring_up()
    story.mute(*cut, run_s=10.0)
    lose_connection(story, "refuses")
    story.run(10.0)
    return story


def answers(story: Story, told: Sequence[Telling] = ()) -> dict[str, bytes]:
    """Return the API's answers about a fleet, by path; of each incident the same was ``told``."""
    centre, wall = story.centre, WallTime(0.0, WALL)
    store = centre.decisions.store
    known = sorted(store.known(), key=lambda incident: -incident.number)

    def at(code: str) -> list[Incident]:
        return [one for one in store.open.values() if one.subject.venue == code]

    venues = [venue_line(venue, at(venue.code), wall) for venue in centre.fleet.venues.values()]
    said: dict[str, object] = {
        "venues": VenuesPage(tuple(venues), centre_view(centre, "aggregator", wall, AT)),
        "incidents": IncidentsPage(tuple(view_of(one, wall) for one in known)),
    }
    for venue in centre.fleet.venues.values():
        said[f"venues/{venue.code}"] = venue_view(venue, at(venue.code), wall)
    for host in centre.fleet:
        passages = [Passage(WALL - 7_200.0, HostState.UNSEEN, HostState.UP)]
        here = at(host.venue)
        said[f"hosts/{host.name}"] = host_view(host, here, passages, wall, AT)
    for one in known:
        view = view_of(one, wall)
        whole = IncidentWhole(
            **msgspec.structs.asdict(view), timeline=timeline_of(view, one, [], told)
        )
        said[f"incidents/{one.number}"] = whole
    return {f"/api/v1/{path}": msgspec.json.encode(answer) for path, answer in said.items()}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", ZONE)
        time.tzset()
        told = Telling(AT - 20.0, "webhook", "opened", "204")
        Api.kept = answers(scripted())
        for name, story in (("milder", milder()), ("alike", alike())):
            Api.kept |= {f"/{name}{path}": said for path, said in answers(story, [told]).items()}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TZ", ZONE)
    monkeypatch.setattr(clock, "wall", lambda: AT)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("where", ["terminal", "pipe"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_its_golden_file(  # noqa: PLR0913, PLR0917 - one fixture each
    url: str,
    name: str,
    width: int,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: where == "terminal")

    fleet = name.partition("-")[0]
    address = f"{url}/{fleet}" if fleet in {"milder", "alike"} else url
    code = cli.main([*COMMANDS[name], "--url", address])

    said = capsys.readouterr().out
    file = GOLDEN / f"{name}.{width}.{where}.txt"
    if request.config.getoption("--write-golden"):
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8"), "if it is to change: --write-golden"
    assert code == 1


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.pipe.txt")), ids=lambda file: file.stem)
def test_no_golden_line_is_wider_than_asked_for(file: Path) -> None:
    width = int(file.name.split(".")[1])

    lines = file.read_text(encoding="utf-8").splitlines()

    assert max(map(cells.width_of, lines)) <= width


def test_a_terminal_and_a_pipe_print_the_same_words() -> None:
    for file in GOLDEN.glob("*.terminal.txt"):
        text = file.read_text(encoding="utf-8")
        for code in ("1;31", "33", "36", "1", "2", "32", "0"):
            text = text.replace(f"\x1b[{code}m", "")
        assert text == file.with_name(file.name.replace("terminal", "pipe")).read_text("utf-8")
