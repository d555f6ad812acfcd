"""A sitting that can not go on says so, and leaves nothing."""

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.test_sitting import INVENTORY, has_begun, path, scenario
from tests.rehearsal.runfile.scenarios import run_of
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.stage.leftovers import FAMILY
from venuewatch.rehearsal.stage.machine import StageError, names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]


__all__ = ["path"]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of temporary files whose disk has no room for a world."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder))
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def left() -> list[str]:
    """Return the namespaces of ours that there are."""
    return [name for name in names() if name.startswith(f"{FAMILY}{os.getpid()}-")]


def test_disk_without_room_for_a_world_ends_a_sitting(path: Path, small: Path) -> None:
    run_of(path, [scenario(1, "STA", lasts_s=4.0)], mode="live").close()

    with pytest.raises(OSError, match="No space left") as full:
        play_sitting(path, INVENTORY)

    assert str(full.value.filename).startswith(str(small))

    assert left() == []
    assert list(small.iterdir()) == []
    with RunFile.read(path) as run:
        assert {each.state for each in run.scenarios()} == {"waiting"}


@pytest.mark.parametrize("name", ["mosquitto", "aggregator"])
def test_server_that_dies_by_itself_ends_a_sitting_and_passes_nothing(
    path: Path, name: str
) -> None:
    run_of(path, [scenario(1, "STA", lasts_s=60.0)], mode="live").close()
    killing = threading.Thread(target=kill_in_the_middle, args=(path, f"{name}."))
    killing.start()

    with pytest.raises(StageError, match=f"^{name} has ended, which nothing here ordered"):
        play_sitting(path, INVENTORY)

    killing.join()
    assert left() == []
    with RunFile.read(path) as run:
        assert {each.state for each in run.scenarios()} == {"interrupted"}


def kill_in_the_middle(path: Path, config: str) -> None:
    """Kill the server with this configuration once a fault has begun, as no fault does."""
    until("a fault has begun", lambda: has_begun(path), within_s=60.0)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it may have ended meanwhile
            words = {Path(word).name for word in process.cmdline()}
            if not words.isdisjoint({f"{config}conf", f"{config}toml"}):
                process.kill()
