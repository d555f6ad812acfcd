"""Runs Uptime Kuma with as many monitors as our fleet has hosts, and loads its dashboard.

npm has one version of it, 2.0.0-dev.0. Seven of its migrations lie beside the folder in which it
looks for them: they are copied there, or it does not start. Its monitors are of the kind that waits
to be pushed to, so that they cost it nothing, each with one heartbeat. No account is asked for.
"""

import contextlib
import http.client
import math
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error

from bench.kit.centres import get
from bench.kit.chromium import painted
from bench.kit.machine import program
from bench.kit.processes import LOOPBACK, BenchError, await_start, free_port, running
from bench.kit.result import Row, progress, skipped
from venuewatch.base import clock

SIDE: Final = "uptime-kuma"
_MONITORS: Final = 1_560
_START_S: Final = 60.0
_LISTED: Final = f"document.querySelectorAll('.monitor-list .item').length >= {_MONITORS}"


def row(directory: Path, browser: Browser, package: Path) -> Row:
    """Measure its dashboard; skipped if ``package`` is not where npm has put it."""
    if program("node") is None or not (package / "server" / "server.js").is_file():
        return skipped(SIDE, "not installed: npm install uptime-kuma, then --uptime-kuma FOLDER")
    folder = directory / SIDE
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "db-config.json").write_text('{"type": "sqlite"}', encoding="utf-8")
    for migration in (package / "db").glob("*.sql"):
        kept = package / "db" / "old_migrations" / migration.name
        if not kept.exists():
            shutil.copy(migration, kept)
    try:
        with _kuma(folder, package):
            pass  # it makes its tables
        _fill(folder / "data" / "kuma.db")
        with _kuma(folder, package) as port:
            return _measured(browser, f"http://{LOOPBACK}:{port}/dashboard")
    except (BenchError, Error, sqlite3.Error) as error:
        return skipped(SIDE, str(error).partition("\n")[0])


@contextlib.contextmanager
def _kuma(folder: Path, package: Path) -> Iterator[int]:
    """Run it until the block ends; yield its port."""
    port, log = free_port(), folder / f"{SIDE}.log"
    given = {
        "DATA_DIR": f"{folder / 'data'}/",
        "UPTIME_KUMA_HOST": LOOPBACK,
        "UPTIME_KUMA_PORT": str(port),
        "NODE_ENV": "production",
    }
    command = ["env", "-C", str(package), *(f"{name}={value}" for name, value in given.items())]
    with running([*command, "node", "server/server.js"], log=log) as process:
        await_start(process, lambda: _answers(port), log=log, at_most_s=_START_S)
        yield port


def _answers(port: int) -> bool:
    """Tell whether it serves; before that a page of its own sets it up."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        status, body = get(port, "/api/entry-page")
        return status == http.client.OK and b"entryPage" in body
    return False


def _fill(database: Path) -> None:
    """Write an account, the setting that asks for none, and the monitors."""
    now = datetime.fromtimestamp(clock.wall(), UTC).strftime("%Y-%m-%d %H:%M:%S")
    with contextlib.closing(sqlite3.connect(database)) as kept, kept:
        kept.execute("INSERT INTO user (id, username, password, active) VALUES (1, 'bench', '', 1)")
        kept.execute(
            "INSERT INTO setting (key, value, type) VALUES ('disableAuth', 'true', 'general')"
        )
        kept.executemany(
            "INSERT INTO monitor (id, name, active, user_id, interval, type, push_token)"
            " VALUES (?, ?, 1, 1, 86400, 'push', ?)",
            [(at, f"host-{at:05d}", f"token{at}") for at in range(1, _MONITORS + 1)],
        )
        kept.executemany(
            "INSERT INTO heartbeat (monitor_id, status, msg, time, duration, important)"
            " VALUES (?, 1, 'OK', ?, 60, 1)",
            [(at, now) for at in range(1, _MONITORS + 1)],
        )


def _measured(browser: Browser, address: str) -> Row:
    """Load it once: it keeps the browser busy for minutes."""
    found = painted(browser, address, _LISTED)
    is_all = math.isfinite(found.all_ms)
    progress(f"{SIDE}: painted after {found.paint_ms:.0f} ms, all of it: {is_all}")
    return {
        "side": SIDE,
        "hosts": _MONITORS,
        "paint_ms_median": round(found.paint_ms),
        "all_listed_ms": round(found.all_ms) if is_all else None,
        "elements": found.elements if is_all else None,
        "scripts_and_style_kb": round(found.code_kb, 1) if is_all else None,
    }
