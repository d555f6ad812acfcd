"""Systems that write files into a folder."""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.checks.profiles.speaking import speaker
from tests.agent.checks.profiles.watching import Watch

MINUTES = 20
LATER_S = 7201.0
"""Longer than the limit for silence of all systems that write files."""


def write(folder: Path, name: str, minute: int, at_s: float) -> None:
    """Write what a system writes in a minute of a heat, all at one moment."""
    for at in range(minute * 60, minute * 60 + 60):
        for piece in speaker(name).says("heat", at, at):
            path = folder / piece.name
            path.write_bytes(piece.content)
            os.utime(path, (at_s, at_s))


@pytest.mark.parametrize("name", ["dolphin", "iof", "lenex", "lif"])
def test_folder_flows_until_it_is_silent(
    name: str, tmp_path: Path, watch: Callable[..., Watch]
) -> None:
    watched = watch(name, files=str(tmp_path))
    watched.after(0.0)

    for minute in range(MINUTES):
        write(tmp_path, name, minute, watched.clock.wall_s)
        talking = watched.after(60.0)
    later = watched.after(LATER_S)

    assert (talking.state, later.state) == ("flowing", "silent")
    assert talking.values.results_messages_total
    assert talking.values.results_parse_errors_total in {0.0, None}


def test_lenex_that_is_packed_is_read(tmp_path: Path, watch: Callable[..., Watch]) -> None:
    watched = watch("lenex", files=str(tmp_path / "*.l[ex]f"))
    before = watched.after(0.0)
    (meet,) = speaker("lenex").says("heat", 0, 0)

    with zipfile.ZipFile(tmp_path / "meet.lxf", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(meet.name, meet.content)
    os.utime(tmp_path / "meet.lxf", (watched.clock.wall_s, watched.clock.wall_s))
    after = watched.after(60.0)

    assert (before.state, after.state) == ("unknown", "flowing")
    assert after.values.results_bytes_total == len(meet.content)


def test_folder_that_is_gone_is_critical(tmp_path: Path, watch: Callable[..., Watch]) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    watched = watch("lif", files=str(folder))
    watched.after(0.0)
    write(folder, "lif", 0, watched.clock.wall_s)
    before = watched.after(60.0)

    shutil.rmtree(folder)

    assert (before.state, watched.after(60.0).state) == ("flowing", "critical")
