"""The whole way from nothing to a venue and out again, on bare Debian hosts of this machine."""

import json
import os
from pathlib import Path

import pytest

from bench import __main__ as command

ROOT = Path(__file__).parents[2]
TREE = ROOT / ".cache" / "debian12"
WHEELS = ROOT / ".cache" / "wheels"

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(
        not (TREE / "usr/bin/python3").exists() or not WHEELS.is_dir(),
        reason="no bare Debian, or no wheels: bench/install.py says how to make them",
    ),
]


def test_nothing_to_a_running_venue_and_out_again(tmp_path: Path) -> None:
    output = tmp_path / "install.json"

    code = command.main(["install", "--output", str(output)])

    rows = {row["side"]: row for row in json.loads(output.read_text())["rows"]}
    assert code == 0
    assert rows["all"]["commands"] <= 8
    assert {
        "upgrade to a broken agent went back",
        "upgrade to a sound agent",
        "revoke",
        "remove",
    } <= set(rows)
