"""Runs netdata as Debian packs it, and fetches all its figures at the pace of its own clock.

It listens on the loopback only, asks no cloud, no registry and no statistics server, and judges no
alarms. Its plugins are processes of their own; they are measured and ended with it.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench.kit.payload import Caller
from bench.kit.processes import BenchError, answers, await_start, free_port, is_root, running
from bench.kit.scraping import AS_PROMETHEUS, evenly
from bench.kit.sides import Side, Surroundings, installed

PROGRAM = "netdata"

_QUESTION = (
    b"GET /api/v1/allmetrics?format=prometheus HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    + b"".join(b"%b: %b\r\n" % (key.encode(), AS_PROMETHEUS[key].encode()) for key in AS_PROMETHEUS)
    + b"\r\n"
)
_FOLDERS = ("config", "cache", "lib", "log", "home", "lock")
_WITHOUT = ("health", "registry", "cloud", "statsd")


@contextlib.contextmanager
def netdata(around: Surroundings) -> Iterator[Side]:
    """Run netdata with its default collectors, every second.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = installed(PROGRAM, "netdata")
    port, folder = free_port(), around.folder(PROGRAM)
    settings = folder / "netdata.conf"
    settings.write_text(_settings(folder, port, around.every_s), encoding="utf-8")
    log = folder / "netdata.log"
    command = [path, "-D", "-c", str(settings), "-P", str(folder / "netdata.pid")]
    with running(command, log=log) as process:
        await_start(process, lambda: answers(port), log=log)
        server = Caller(port)
        with evenly(lambda: fetch(server), around.every_s, what="netdata"):
            yield Side(process.pid, server.payload)


def fetch(server: Caller) -> None:
    """Fetch all values, a connection each time: without being asked to stay, netdata hangs up.

    Raises:
        BenchError: it says something else.
        OSError: it does not answer.
    """
    answer = server.ask(_QUESTION)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise BenchError(f"it answers {answer[:40]!r}")


def _settings(folder: Path, port: int, every_s: float) -> str:
    for name in _FOLDERS:
        (folder / name).mkdir()
    (folder / "config" / ".opt-out-from-anonymous-statistics").touch()
    lines = ["[directories]", *(f"{name} = {folder / name}" for name in _FOLDERS)]
    lines += ["[db]", f"update every = {max(1, round(every_s))}"]
    lines += ["[web]", f"bind to = 127.0.0.1:{port}"]
    lines += ["[logs]", "error = stderr", "access = none", "health = none"]
    for section in _WITHOUT:
        lines += [f"[{section}]", "enabled = no"]
    lines += ["[plugins]", "statsd = no"]
    if is_root():  # nobody else may enter our folder
        lines += ["[global]", "run as user = root"]
    return "\n".join(lines) + "\n"
