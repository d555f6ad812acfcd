"""Assembly of a dashboard: the layout of its rows, the links and annotations that all have.

A module in ``dashboards/`` has one ``DASHBOARD``. It is found by its folder, and its name is that
of the JSON file.
"""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardDashboardTime,
    DashboardLink,
    DashboardLinkType,
    GridPos,
    Panel,
    RowPanel,
    VariableModel,
)

from deploy.grafana import dashboards, variables
from deploy.grafana.panels import DATASOURCE
from deploy.grafana.states import RED

PAGE = "http://127.0.0.1:8039"
"""The aggregator's external URL, unless another one is given."""

TAG = "venuewatch"
_COLUMNS = 24


class Row(NamedTuple):
    """A heading, and the panels under it, from the left to the right."""

    title: str
    panels: Sequence[Panel]


class Screen(NamedTuple):
    """A dashboard: its last part of the address, what it is for, its own variables, its rows.

    ``span``: how far it looks back at first.
    """

    uid: str
    title: str
    about: str
    own: Sequence[VariableModel]
    rows: Sequence[Row]
    span: str = "now-3h"


class Incidents(AnnotationQuery):
    """Marks each incident over the time in which it is open, with a link to it.

    The SDK's class lacks the fields that say what is written at the mark.
    """

    def to_json(self) -> dict[str, object]:
        """Return what Grafana reads."""
        return super().to_json() | {
            "titleFormat": "{{cause}} {{venue}} {{host}} {{check}}",
            "textFormat": '<a href="{{url}}" target="_blank">incident {{incident}}</a>',
            "tagKeys": "cause,venue,host",
            "step": "10s",
        }


def generate(page: str = PAGE) -> dict[str, str]:
    """Return the JSON of every dashboard, by name; ``page`` is the aggregator's external URL."""
    names = sorted(found.name for found in iter_modules([str(Path(dashboards.__file__).parent)]))
    screens = {name: import_module(f"{dashboards.__name__}.{name}").DASHBOARD for name in names}
    return {name: _text(_assemble(screen, page)) for name, screen in screens.items()}


def _text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n"


def _assemble(screen: Screen, page: str) -> Dashboard:
    return Dashboard(
        uid=screen.uid,
        title=f"venuewatch / {screen.title}",
        description=screen.about,
        tags=[TAG],
        timezone="browser",
        editable=False,
        graph_tooltip=DashboardCursorSync.CROSSHAIR,
        time=DashboardDashboardTime(screen.span, "now"),
        refresh="10s",
        schema_version=39,
        panels=[*_laid_out(screen.rows)],
        templating=DashboardDashboardTemplating(
            [
                variables.datasource(),
                variables.job("job", "Job", "venuewatch_venue_up", "venuewatch"),
                variables.job("node_job", "Job of vitals", "node_time_seconds", "node"),
                *screen.own,
                variables.page(page),
            ]
        ),
        annotations=AnnotationContainer(
            [Incidents("Incidents", DATASOURCE, icon_color=RED, expr=_marks(screen.own))]
        ),
        links=[
            DashboardLink(
                title="venuewatch",
                type_val=DashboardLinkType.DASHBOARDS,
                tags=[TAG],
                include_vars=True,
                keep_time=True,
            ),
            DashboardLink(
                title="The monitor's page",
                type_val=DashboardLinkType.LINK,
                icon="external link",
                url="${page}/",
                target_blank=True,
            ),
        ],
    )


def _marks(own: Sequence[VariableModel]) -> str:
    """Return the query of the incidents that concern a dashboard with these variables."""
    chosen = [variable.name for variable in own if variable.name in {"venue", "host"}]
    return f"""\
label_replace(
  venuewatch_incident_opened_timestamp_seconds{{{variables.incidents(*chosen)}}},
  "url", "${{page}}/incidents/$1", "incident", "(.+)"
)"""


def _laid_out(rows: Sequence[Row]) -> list[Panel | RowPanel]:
    """Number the panels, and place them: each row begins a line, and breaks at its full width."""
    placed: list[Panel | RowPanel] = []
    y = 0
    for row in rows:
        heading = GridPos(h=1, w=_COLUMNS, x=0, y=y)
        placed.append(RowPanel(title=row.title, id_val=len(placed) + 1, grid_pos=heading))
        x, y, height = 0, y + 1, 0
        for panel in row.panels:
            size = panel.grid_pos or GridPos()
            if x + size.w > _COLUMNS:
                x, y, height = 0, y + height, 0
            panel.id_val = len(placed) + 1
            panel.grid_pos = GridPos(h=size.h, w=size.w, x=x, y=y)
            placed.append(panel)
            x, height = x + size.w, max(height, size.h)
        y += height
    return placed
