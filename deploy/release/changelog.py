"""Gives the changelog's section "Unreleased" a version and a date, and opens a new one.

python deploy/release/changelog.py [--check] CHANGELOG.md VERSION
"""

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from venuewatch.base import clock

HEADING = "## Unreleased\n"
WRONG = 2


def released(text: str, version: str, day: str) -> str:
    """Return a changelog in which what was unreleased is ``version`` of ``day`` (YYYY-MM-DD).

    Raises:
        ValueError: nothing is unreleased, or that version is there already.
    """
    if text.count(HEADING) != 1:
        raise ValueError(f"expected one line {HEADING.strip()}, got {text.count(HEADING)}")
    if re.search(rf"^## {re.escape(version)}\b", text, flags=re.MULTILINE):
        raise ValueError(f"{version} is there already")
    before, _, after = text.partition(HEADING)
    section = after.partition("\n## ")[0]
    if not re.search(r"^- ", section, flags=re.MULTILINE):
        raise ValueError("nothing is unreleased")
    return f"{before}{HEADING}\n## {version} - {day}\n{after}"


def today() -> str:
    """Return the day of the release in UTC: that of ``SOURCE_DATE_EPOCH`` where it is given."""
    seconds = float(os.environ.get("SOURCE_DATE_EPOCH") or clock.wall())
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def main(words: list[str]) -> int:
    """Change the file, or with ``--check`` only tell whether it can be changed."""
    is_check = words[:1] == ["--check"]
    name, version = words[1:] if is_check else words
    path = Path(name)
    try:
        text = released(path.read_text(encoding="utf-8"), version, today())
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return WRONG
    if not is_check:
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
