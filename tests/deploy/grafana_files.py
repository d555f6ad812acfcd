"""The committed dashboards, and their queries as Grafana would send them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = sorted((GRAFANA / "generated").glob("*.json"))
VARIABLE = re.compile(r"\$\{?(\w*[a-z]\w*)(?::\w+)?\}?")
"""A variable in a query or a link; ``$1`` of label_replace is none."""

BUILT_IN = {"__rate_interval": "1m", "__range": "3h", "__interval": "15s"}


class Question(NamedTuple):
    """One query of a panel, an annotation or a variable."""

    dashboard: str
    place: str
    expr: str
    interval: str = ""
    is_instant: bool = False
    links: str = ""
    columns: tuple[str, ...] = ()

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the expression with values for its variables."""
        return VARIABLE.sub(lambda found: {**BUILT_IN, **values}[found[1]], self.expr)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def panels_of(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables_of(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def columns_of(panel: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a table's columns, as they are before it names them."""
    steps = panel.get("transformations", [])
    return tuple(name for step in steps for name in step["options"].get("indexByName", {}))


def panel_questions() -> list[Question]:
    return [
        Question(
            path.stem,
            f"{panel['id']} {panel['title']} {target['refId']}",
            target["expr"],
            target.get("interval", ""),
            bool(target.get("instant")),
            json.dumps(panel["fieldConfig"]["defaults"].get("links", [])),
            columns_of(panel),
        )
        for path in FILES
        for panel in panels_of(read(path))
        for target in panel["targets"]
    ]


def annotation_questions() -> list[Question]:
    return [
        Question(path.stem, annotation["name"], annotation["expr"])
        for path in FILES
        for annotation in read(path)["annotations"]["list"]
    ]


def label_questions() -> Iterator[tuple[str, str, str, str]]:
    """Yield dashboard, variable, selector and label of each ``label_values``."""
    for path in FILES:
        for name, variable in variables_of(read(path)).items():
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", str(variable.get("query")))
            if found:
                yield path.stem, name, found[1], found[2]
