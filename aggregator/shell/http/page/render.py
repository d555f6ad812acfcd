"""Rendering: structs become pages and fragments of pages.

Every value that a template shows is first made harmless to read (``words.shown``), then escaped. A
fragment is the same macro that the page is made of, so a replaced element is as a fresh page has it.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.shell.http.page import ids, problems, tiles, words
from aggregator.shell.http.page.assets import Assets
from aggregator.shell.http.page.model import HostHereJson, IncidentJson, Standing, VenueJson
from aggregator.shell.http.page.words import Zoned

_FOLDER = Path(__file__).with_name("templates")


class Fragment(NamedTuple):
    """An element to replace: its id, and its HTML, itself included."""

    id: str
    html: str


class Renderer:
    """Templates, and what they share.

    ``external_url``: its path is the root of all links. ``zone``: the centre's, None for this
    machine's. ``grafana_url``: where a host's history is, if anywhere.
    """

    def __init__(
        self,
        assets: Assets | None = None,
        *,
        external_url: str = "",
        zone: tzinfo | None = None,
        grafana_url: str = "",
    ) -> None:
        self.assets = Assets() if assets is None else assets
        self.root = urlsplit(external_url).path.rstrip("/")
        self.zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            finalize=words.shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            root=self.root,
            ids=ids,
            asset=lambda file: self.root + self.assets.path(file),
            scripts=self.assets.scripts,
            grafana_url=grafana_url,
            link=self.link,
            zoned=self.zoned,
            offset_s=words.offset_s,
            zone=zone,
            utc_zone=UTC,
            many=tiles.MANY,
            duration=words.duration,
            short_span=words.short_span,
            figure=words.figure,
        )
        parts: Any = self._environment.get_template("parts.html").module
        self._parts = self._environment.globals["parts"] = parts

    def link(self, kind: str, name: object) -> str:
        """Return the path of the page of a venue, host or incident."""
        return f"{self.root}/{kind}/{quote(str(name), safe='')}"

    def zoned(self, at: float, now: float | None = None, zone: tzinfo | None = None) -> Zoned:
        """Return a moment in the centre's zone, or in another."""
        return words.zoned(at, self.zone if zone is None else zone, now)

    def page(self, template: str, context: Mapping[str, object]) -> str:
        """Return a whole page."""
        return self._environment.get_template(template).render(context)

    def head(self, standing: Standing) -> Fragment:
        """Return the counts of the head."""
        html = self._parts.head(problems.head_of(standing), standing.monitor, standing.at)
        return _fragment(ids.HEAD, html)

    def tile(self, venue: VenueJson, at: float) -> Fragment:
        """Return a venue's tile."""
        tile = tiles.tile_of(venue, at, self.zone)
        return _fragment(tile.id, self._parts.tile(tile, at))

    def monitor(self, standing: Standing) -> Fragment:
        """Return the tile of the monitor itself."""
        return _fragment(ids.MONITOR, self._parts.monitor(standing.monitor, standing.at))

    def problem_list(self, standing: Standing) -> Fragment:
        """Return the list of problems."""
        html = self._parts.problems(problems.listed(standing), standing.monitor, standing.at)
        return _fragment(ids.PROBLEMS, html)

    def problem(self, incident: IncidentJson, at: float) -> Fragment:
        """Return one problem of a list."""
        line = problems.problem_of(incident)
        return _fragment(line.id, self._parts.problem(line, at))

    def row(self, host: HostHereJson, at: float) -> Fragment:
        """Return a host in the list of its venue."""
        return _fragment(ids.row(host.host), self._parts.row(host, at))


def _fragment(element: str, html: object) -> Fragment:
    return Fragment(element, str(html).strip())
