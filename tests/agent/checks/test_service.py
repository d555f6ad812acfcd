"""Services: a real systemd in namespaces of its own, the machine's own, and real words."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.checks import Reading
from agent.checks.service import NoAnswerError, from_launchd, from_systemd, from_windows
from tests.agent.checks import peers
from tests.agent.checks.systemd_scene import NOT_UP
from tests.kit.own_groups import own_groups
from venuewatch.base import clock

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SYSTEMD = "/usr/lib/systemd/systemd"
HAS_SYSTEMD = Path("/run/systemd/system").is_dir()

linux = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux'")


def read(service: str = "mosquitto.service", **fields: object) -> Reading:
    return peers.read("service", service=service, **fields)


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Put a ``systemctl`` in front that runs a script."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "systemctl").touch(0o755)
    return lambda script: (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n")


needs_namespaces = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="only root may unshare, on Linux",
)


def play(folder: Path, systemd: str) -> subprocess.CompletedProcess[str]:
    """Run the scene with that systemd; skip the test where there are no namespaces."""
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with own_groups() as inside:
        done = subprocess.run(
            [
                *inside,
                *unshare,
                *(sys.executable, str(HERE / "systemd_scene.py"), str(folder), systemd),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    if "unshare failed" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")
    return done


@pytest.mark.real
@needs_namespaces
def test_a_systemd_that_ends_is_not_up(tmp_path: Path) -> None:
    done = play(tmp_path, "/bin/false")

    assert (done.returncode, done.stderr) == (NOT_UP, "systemd --user ended with code 1\n")


@pytest.mark.real
@needs_namespaces
@pytest.mark.skipif(not Path(SYSTEMD).exists(), reason="systemd is not installed")
def test_a_real_systemd_is_understood(tmp_path: Path) -> None:
    done = play(tmp_path, SYSTEMD)
    if done.returncode == NOT_UP:
        pytest.skip(done.stderr.strip())

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "works.service": ["ok", "active (running)", 1, 0],
        "works": ["ok", "active (running)", 1, 0],
        "idle.service": ["critical", "inactive (dead)", 0, 0],
        "fails.service": ["critical", "failed (failed): exit-code 3", 0, 0],
        "crashes.service": ["critical", "failed (failed): signal 9", 0, 0],
        "loops.service": ["critical", "activating (auto-restart): exit-code 1", 0, 0],
        "starts.service": ["warning", "activating (start)", 0, 0],
        "masked.service": ["critical", "masked: systemd can't start it", 0, None],
        "broken.service": ["critical", "bad-setting: systemd can't start it", 0, None],
        "nowhere.service": ["critical", "not-found: systemd knows no such unit", 0, None],
    }


@linux
@pytest.mark.skipif(not HAS_SYSTEMD, reason="systemd does not run on this machine")
def test_this_machines_own_journal_is_active() -> None:
    reading = read("systemd-journald.service")

    assert reading[:2] == ("ok", "active (running)")


@linux
@pytest.mark.skipif(HAS_SYSTEMD, reason="systemd runs on this machine")
@pytest.mark.skipif(shutil.which("systemctl") is None, reason="no systemctl installed")
def test_where_systemd_does_not_run_a_service_is_unknown() -> None:
    reading = read()

    assert reading[:2] == ("unknown", "systemd does not run here")
    assert reading.values.check_service_active is None


@linux
def test_where_there_is_no_systemctl_a_service_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert read()[:2] == ("unknown", "there is no systemctl here")


@pytest.mark.timed
@linux
def test_a_systemctl_that_hangs_is_ended_in_time(systemctl: Callable[[str], int]) -> None:
    systemctl("trap '' TERM; while :; do sleep 1000; done")
    begin = clock.monotonic()

    reading = read(timeout_s=0.5)

    assert clock.monotonic() - begin < 0.5
    assert reading[:2] == ("unknown", "systemctl gave no answer within 0.5 s")


@linux
@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("echo 'No medium found' >&2; exit 1", "No medium found"),
        ("exit 4", "systemctl failed with exit code 4"),
        ("echo nonsense", "systemctl said nothing that we understand: 'nonsense"),
        ("kill -9 $$", "systemctl failed with exit code -9"),
    ],
)
def test_a_systemctl_that_fails_is_unknown_in_its_own_words(
    systemctl: Callable[[str], int], script: str, detail: str
) -> None:
    systemctl(script)

    reading = read()

    assert reading.state == "unknown"
    assert reading.detail.startswith(detail)


@linux
def test_the_unit_is_an_argument_and_never_an_option(systemctl: Callable[[str], int]) -> None:
    systemctl('echo "ActiveState=active"; echo "SubState=$*"')

    assert read("--version").detail == (
        "active (--system show --no-pager --property="
        "LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts -- --version)"
    )


@linux
def test_an_inactive_service_is_well_where_it_may_be(systemctl: Callable[[str], int]) -> None:
    systemctl("printf 'LoadState=loaded\\nActiveState=inactive\\nSubState=dead\\n'")

    reading = read(may_be_inactive=True)

    assert reading[:2] == ("ok", "inactive (dead)")
    assert reading.values.check_service_active == 0


SHOWN = ["Result", "NRestarts", "ExecMainStatus", "LoadState", "ActiveState", "SubState"]


@pytest.mark.parametrize(
    ("values", "status"),
    [  # as systemd 252 said it; - for a property that it did not show
        ("success 0 0 loaded active running", ("active", "active (running)", 0)),
        ("success 7 0 loaded reloading reload", ("active", "reloading (reload)", 7)),
        ("oom-kill 5 9 loaded failed failed", ("failed", "failed (failed): oom-kill", 5)),
        (
            "success 0 0 loaded deactivating stop-sigterm",
            ("changing", "deactivating (stop-sigterm)", 0),
        ),
        ("success - - loaded active mounted", ("active", "active (mounted)", None)),
        ("- 0 - not-found active running", ("active", "active (running)", 0)),  # its file is gone
    ],
)
def test_what_systemctl_shows_is_read_whatever_its_order(
    values: str, status: tuple[str, str, int | None]
) -> None:
    pairs = zip(SHOWN, values.split(), strict=True)
    lines = [f"{name}={value}" for name, value in pairs if value != "-"]

    assert from_systemd("\n".join(lines)) == from_systemd("\n".join(reversed(lines))) == status


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("state = running; runs = 3; pid = 81", ("active", "running", 2)),
        ("state = not running; runs = 1; last exit code = 0", ("inactive", "not running", 0)),
        ("state = waiting; runs = 0; last exit code = (never exited)", ("inactive", "waiting", 0)),
        (
            "state = not running; runs = 9; last exit code = 78: EX_CONFIG",
            ("failed", "not running: exit code 78: EX_CONFIG", 8),
        ),
    ],
)
def test_what_launchctl_prints_is_read(said: str, expected: tuple[str, str, int | None]) -> None:
    inner = ["endpoints = {", "\t\tstate = active", "}"]
    lines = ["system/org.example.feed = {", *inner, *said.split("; ")]

    assert from_launchd("\n\t".join(lines) + "\n}\n") == expected


def test_what_nobody_understands_is_no_answer() -> None:
    for reader in (from_systemd, from_launchd):
        with pytest.raises(NoAnswerError):
            reader("Usage: \n")


@pytest.mark.parametrize(
    ("status", "kind"),
    [("running", "active"), ("stop_pending", "changing"), ("stopped", "inactive")],
)
def test_what_windows_says_is_read(status: str, kind: str) -> None:
    assert from_windows(status) == (kind, status, None)
