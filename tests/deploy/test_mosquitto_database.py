"""Broker's database: a damaged one is set aside after one failure, and a sound one never."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from venuewatch.base import clock

SCRIPT = Path(__file__).parents[2] / "deploy" / "systemd" / "mosquitto-database.sh"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
LIMIT_S = 60.0

pytestmark = pytest.mark.real


class Broker:
    """Mosquitto under something like systemd: it is started after ``check``, its end is noted."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "mosquitto.db"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {free_port()} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {folder}/\n"
        )

    def start(self) -> bool:
        """Start it once, and stop it; return whether it ran."""
        self.script("check")
        with subprocess.Popen(
            [MOSQUITTO, "-c", self._config], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            ran = any(line.endswith(" running\n") for line in process.stderr)
            time_out_at = clock.monotonic() + LIMIT_S
            while process.poll() is None and clock.monotonic() < time_out_at:
                process.terminate()  # again: it forgets one that comes while it begins to run
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        self.script("note", result="success" if ran else "exit-code")
        return ran

    def script(self, what: str, *, result: str = "success", **more: str) -> str:
        given = {**os.environ, "SERVICE_RESULT": result, "MOSQUITTO": MOSQUITTO, **more}
        done = subprocess.run(
            ["/bin/sh", SCRIPT, what, self.database],
            env=given,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        return done.stderr

    def aside(self) -> Sequence[Path]:
        return sorted(self.database.parent.glob("mosquitto.db.broken-*"))


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """A broker that has run, and has a database."""
    broker = Broker(tmp_path)
    assert broker.start()
    assert broker.database.stat().st_size
    return broker


def damaged(content: bytes, what: str) -> bytes:
    match what:
        case "garbage":
            return b"garbage " * 5
        case "another version":
            return content[:19] + b"\0\0\0\x63" + content[23:]
        case _:
            return content[:36]


@pytest.mark.parametrize("what", ["garbage", "another version", "cut"])
def test_damaged_database_stops_the_broker_once_only(broker: Broker, what: str) -> None:
    bad = damaged(broker.database.read_bytes(), what)
    broker.database.write_bytes(bad)

    first, second, third = broker.start(), broker.start(), broker.start()

    (aside,) = broker.aside()
    assert (first, second, third) == (False, True, True)
    assert aside.read_bytes() == bad
    assert not list(broker.database.parent.glob("trial.*"))


def test_sound_database_stays_after_a_failure(broker: Broker) -> None:
    before = broker.database.read_bytes()

    broker.script("note", result="signal")
    said = broker.script("check")

    assert (said, broker.aside()) == ("", [])
    assert broker.database.read_bytes() == before


def test_database_is_not_tried_without_a_failure(broker: Broker) -> None:
    broker.database.write_bytes(b"garbage")

    broker.script("note", result="success")
    said = broker.script("check", MOSQUITTO="/nowhere/mosquitto")

    assert (said, broker.aside()) == ("", [])


def test_trial_that_hangs_changes_nothing(broker: Broker, tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    began = clock.monotonic()

    broker.script("note", result="exit-code")
    said = broker.script("check", MOSQUITTO=str(hanging), PATIENCE_S="1")

    assert "could not be tried" in said
    assert broker.aside() == []
    assert clock.monotonic() - began < LIMIT_S


def test_trial_writes_nothing_to_the_databases_disk(broker: Broker, tmp_path: Path) -> None:
    """The disk may be full, and a trial may be killed."""
    place = tmp_path / "run"
    place.mkdir()
    noting = tmp_path / "noting"
    noting.write_text(f"#!/bin/sh\npwd >>{tmp_path}/where\nls -1 {tmp_path} >{tmp_path}/there\n")
    noting.chmod(0o755)
    broker.script("note", result="exit-code")

    broker.script("check", MOSQUITTO=str(noting), RUNTIME_DIRECTORY=str(place))

    where = (tmp_path / "where").read_text().splitlines()
    assert [Path(each).parent for each in where] == [place, place]
    assert "trial." not in (tmp_path / "there").read_text()
    assert list(place.iterdir()) == []


def test_three_broken_databases_are_kept(broker: Broker) -> None:
    for day in range(1, 6):
        Path(f"{broker.database}.broken-2026010{day}T000000Z").touch()
    broker.database.write_bytes(b"garbage")
    broker.script("note", result="exit-code")

    broker.script("check")

    kept = [path.name[-17:-8] for path in broker.aside()]
    assert kept[:2] == ["-20260104", "-20260105"]
    assert len(kept) == 3


def test_missing_database_is_nothing_to_try(tmp_path: Path) -> None:
    broker = Broker(tmp_path)

    broker.script("note", result="exit-code")

    assert broker.script("check") == ""
    assert broker.start()
