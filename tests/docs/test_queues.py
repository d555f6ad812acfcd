"""Checks of the page of queues: whatever others can fill has an owner, a bound and a metric."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "queues.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
HEAD = ["queue", "where", "owner", "bound", "metric", "whose go first"]


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


TABLE = [cells_of(line) for line in PAGE.splitlines() if line.startswith("| ")]
ROWS = [row for row in TABLE if row != HEAD and not row[0].startswith("--")]

QUEUES = {"deque", "Queue", "SimpleQueue", "OrderedDict"}
OURS_ALONE = {
    "agent/runner.py": "one outcome of each task, which is not begun again before it is taken",
    "agent/vitals/_gather.py": "the collectors that a round has not begun yet",
    "aggregator/core/bulk.py": "our own ticks that have not come back, 60 at most",
    "aggregator/core/hearing.py": "our own ticks that have not come back, 60 at most",
    "aggregator/core/ticks.py": "our own ticks, of some minutes",
    "aggregator/shell/outlets/own_metrics.py": "our own lags, of a minute",
    "aggregator/shell/threads.py": "one piece of work of each task of ours; requests take turns",
    "aggregator/shell/told.py": "who was told: 50 times of each of 1,000 incidents",
}
"""Modules with a queue that nobody else can fill beyond a fixed size, and why."""


def modules_with_queues() -> Iterator[str]:
    """Yield each module that makes a queue without giving its bound at once."""
    for package in ("agent", "aggregator"):
        for path in sorted((ROOT / package).rglob("*.py")):
            calls = (it for it in ast.walk(ast.parse(path.read_text("utf-8"))) if is_queue(it))
            if any(calls):
                yield str(path.relative_to(ROOT).as_posix())


def is_queue(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    is_bounded = any(it.arg == "maxlen" for it in node.keywords) or len(node.args) > 1
    return name in QUEUES and not is_bounded


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_queue_has_an_owner_a_bound_a_metric_and_an_order(row: list[str]) -> None:
    assert len(row) == len(HEAD)
    assert all(row)
    places = re.findall(r"`([\w/-]+\.(?:py|conf)):(\w+)`", row[1])
    assert places
    for file, name in places:
        assert re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8")), (file, name)
    metrics = re.findall(r"`(\w+)`", row[4])
    assert metrics
    assert [name for name in metrics if f"`{name}`" not in METRICS] == []
    assert re.search(r"\d", row[3]), "expected a bound in figures"


def test_the_table_has_its_head_and_its_rows() -> None:
    assert TABLE[0] == HEAD
    assert len(ROWS) >= 10


def test_every_queue_of_the_code_is_in_the_table() -> None:
    places = {file for row in ROWS for file, _ in re.findall(r"`([\w/]+\.py):(\w+)`", row[1])}
    found = list(modules_with_queues())

    assert [it for it in found if it not in places and it not in OURS_ALONE] == []
    assert [it for it in OURS_ALONE if it not in found] == []
