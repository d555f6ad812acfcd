"""Rendering: structs of the API become pages and fragments of pages.

Every value that a template shows is first made harmless to read (``words.shown``), then escaped. A
fragment is the same macro that the page is made of: a replaced element is as a fresh page has it.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView
from aggregator.shell.http.api.venues import HostLine, VenueLine
from aggregator.shell.http.page import ids, problems, tiles, words
from aggregator.shell.http.page.assets import Assets
from aggregator.shell.http.page.problems import Picture
from venuewatch import __version__
from venuewatch.base import times
from venuewatch.base.exercise import WORD
from venuewatch.base.times import Zoned

FOLDER: Final = Path(__file__).with_name("templates")


class Renderer:
    """Templates, and what they share.

    ``external_url``: its path is the root of all links. ``zone``: the centre's, None for this
    machine's. ``grafana_url``: where a host's history is, if anywhere. ``exercise``: its name,
    which each page shows, "" where there is none.
    """

    def __init__(
        self,
        assets: Assets | None = None,
        *,
        external_url: str = "",
        zone: tzinfo | None = None,
        grafana_url: str = "",
        exercise: str = "",
    ) -> None:
        self.assets = Assets() if assets is None else assets
        self.root = urlsplit(external_url).path.rstrip("/")
        self.zone = zone
        self.grafana_url = grafana_url
        self.version = f"{__version__}-{self.assets.version}"
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            finalize=words.shown,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            root=self.root,
            version=self.version,
            ids=ids,
            asset=lambda file: self.root + self.assets.path(file),
            scripts=self.assets.scripts,
            link=self.link,
            zoned=self.zoned,
            offset_s=times.offset_s,
            zone=zone,
            utc_zone=UTC,
            many=tiles.MANY,
            level_of=tiles.level_of,
            duration=times.duration,
            short_span=words.short_span,
            figure=words.figure,
            exercise=exercise,
            exercise_word=WORD,
        )
        self._environment.filters["said"] = partial(words.said, exercise=exercise)
        parts: Any = self._environment.get_template("parts.html").module
        self._parts = self._environment.globals["parts"] = parts

    def link(self, kind: str, name: object) -> str:
        """Return the path of the page of a venue, host or incident."""
        return f"{self.root}/{kind}/{quote(str(name), safe='', errors='replace')}"

    def zoned(self, at: float, now: float | None = None, zone: tzinfo | None = None) -> Zoned:
        """Return a moment in the centre's zone, or in another."""
        return times.zoned(at, self.zone if zone is None else zone, now)

    def page(self, template: str, picture: Picture, context: Mapping[str, object]) -> str:
        """Return a whole page, with the head of now."""
        return self._environment.get_template(template).render(
            head=problems.head_of(picture), centre=picture.centre, at=picture.at, **context
        )

    def article(self, template: str, at: float, context: Mapping[str, object]) -> str:
        """Return the content of the page of one venue, host or incident."""
        return self._environment.get_template(template).render(at=at, **context).strip()

    def head(self, picture: Picture) -> str:
        """Return the counts of the head."""
        head = problems.head_of(picture)
        return _html(self._parts.head(head, picture.centre, picture.at))

    def tile(self, venue: VenueLine, at: float) -> str:
        """Return a venue's tile."""
        return _html(self._parts.tile(tiles.tile_of(venue, at, self.zone), at))

    def monitor(self, centre: CentreView) -> str:
        """Return the tile of the monitor itself."""
        return _html(self._parts.monitor(centre, centre.at))

    def problem_list(self, picture: Picture) -> str:
        """Return the list of problems."""
        known = problems.listed(picture)
        return _html(self._parts.problems(known, picture.centre, picture.at))

    def problem(self, incident: IncidentView, at: float) -> str:
        """Return one problem of a list."""
        return _html(self._parts.problem(problems.problem_of(incident), at))

    def row(self, host: HostLine, at: float) -> str:
        """Return a host in the list of its venue."""
        return _html(self._parts.row(host, at))

    def mark(self, mark: object) -> str:
        """Return a venue's mark on the map, as SVG."""
        return _html(self._parts.mark(mark))


def _html(made: object) -> str:
    return str(made).strip()
