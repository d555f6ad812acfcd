"""Names of metrics in rules and runbooks: each is one that the product has."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = [
    *sorted((ROOT / "deploy" / "prometheus").glob("rules*.yml")),
    *sorted((ROOT / "docs" / "runbooks").glob("*.md")),
]
SUFFIXES = re.compile(r"_(bucket|sum|count)$")
NOT_METRICS = {"venuewatch_check_"}  # the beginning of a pattern


def known() -> set[str]:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_A-Z0-9]+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(
        "venuewatch_(host|check)_problem", "venuewatch_host_problem venuewatch_check_problem"
    )
    named = set(re.findall(r"(?<![:\w-])((?:venuewatch|node)_\w+)", text))

    unknown = {name for name in named if SUFFIXES.sub("", name) not in known()}

    assert unknown - NOT_METRICS == set()
