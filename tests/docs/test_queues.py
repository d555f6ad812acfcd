"""Checks of the page of queues: whatever others can fill has an owner, a bound and a metric."""

import re
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_queue_has_an_owner_a_bound_a_metric_and_an_order(row: list[str]) -> None:
    assert len(row) == len(HEAD)
    assert all(row)
    places = re.findall(r"`([\w/]+\.py):(\w+)`", row[1])
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
