"""Runs collectd, which publishes over MQTT to the bench's own broker, as our agent does."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench.kit.processes import await_start, running
from bench.kit.sides import Side, Surroundings, exchanged, installed

PROGRAM = "collectd"

_PLUGINS = ("cpu", "memory", "load", "df", "interface", "disk", "processes", "uptime")
_SPEAKS_BYTES = 1000  # more than a bare connection says


@contextlib.contextmanager
def collectd(around: Surroundings) -> Iterator[Side]:
    """Run collectd with the plugins that come nearest to our vitals.

    Raises:
        BenchError: it is not installed, does not start, or says nothing.
    """
    path = installed(PROGRAM, "collectd")
    folder = around.folder(PROGRAM)
    settings = folder / "collectd.conf"
    settings.write_text(_settings(folder, around), encoding="utf-8")
    log = folder / "collectd.log"
    with running([path, "-f", "-C", str(settings)], log=log) as process:
        side = Side(process.pid)
        await_start(process, lambda: _speaks(side), log=log)
        yield side


def _speaks(side: Side) -> bool:
    """Tell whether it publishes; where that can't be told, it is believed."""
    so_far = exchanged(side)
    return so_far is None or so_far.sent > _SPEAKS_BYTES


def _settings(folder: Path, around: Surroundings) -> str:
    return (
        f'Hostname "bench"\nBaseDir "{folder}"\nPIDFile "{folder / "collectd.pid"}"\n'
        f"Interval {around.every_s:g}\nLoadPlugin logfile\n"
        '<Plugin logfile>\n  LogLevel warning\n  File "stderr"\n</Plugin>\n'
        + "".join(f"LoadPlugin {name}\n" for name in (*_PLUGINS, "mqtt"))
        + '<Plugin mqtt>\n  <Publish "bench">\n    Host "127.0.0.1"\n'
        f"    Port {around.broker_port}\n"
        '    ClientId "collectd"\n    Prefix "collectd"\n  </Publish>\n</Plugin>\n'
    )
