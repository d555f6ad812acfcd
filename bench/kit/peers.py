"""Runs the agents that ours is compared with, each as Debian packs it, on the loopback only.

collectd publishes over MQTT to the bench's own broker, as our agent does. The others are asked at
an even pace: node_exporter over one kept-alive connection, netdata and zabbix-agent2 over a
connection for each question.
"""

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.kit.machine import program
from bench.kit.processes import BenchError, answers, await_start, free_port, is_root, running
from bench.kit.scraping import AS_PROMETHEUS, Caller, evenly, scraped
from bench.kit.sides import Side, exchanged

_COLLECTD_PLUGINS = ("cpu", "memory", "load", "df", "interface", "disk", "processes", "uptime")
_SPEAKS_BYTES = 1000  # more than a bare connection says

_NETDATA_QUESTION = (
    b"GET /api/v1/allmetrics?format=prometheus HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    + b"".join(b"%b: %b\r\n" % (key.encode(), AS_PROMETHEUS[key].encode()) for key in AS_PROMETHEUS)
    + b"\r\n"
)
_NETDATA_FOLDERS = ("config", "cache", "lib", "log", "home", "lock")
_NETDATA_WITHOUT = ("health", "registry", "cloud", "statsd")

_ZABBIX_ITEMS: Final = (
    "system.cpu.util",
    "system.cpu.load",
    "vm.memory.size[total]",
    "vm.memory.size[available]",
    "system.swap.size[,free]",
    "vfs.fs.size[/,total]",
    "vfs.fs.size[/,free]",
    "vfs.fs.inode[/,free]",
    "vfs.dev.read",
    "vfs.dev.write",
    "net.if.in[lo]",
    "net.if.out[lo]",
    "proc.num",
    "system.uptime",
)
_ZABBIX_MAGIC = b"ZBXD\x01"
_ZABBIX_UNSUPPORTED = b"ZBX_NOTSUPPORTED"
_ZABBIX_HEADER = struct.Struct("<5sII")


class Surroundings(NamedTuple):
    """A folder for the peers' files, the time (s) between their reports, and their broker."""

    directory: Path
    every_s: float
    broker_port: int


class _Peer:
    """An installed program with a folder and a port of its own; BenchError if it is not there."""

    def __init__(self, name: str, around: Surroundings, *, program_name: str = "") -> None:
        path = program(program_name or name)
        if path is None:
            raise BenchError(f"{name} is not installed")
        self._name, self._path, self._every_s = name, path, around.every_s
        self.folder, self.port = around.directory / name, free_port()
        self.folder.mkdir()

    def write_settings(self, text: str) -> str:
        path = self.folder / f"{self._name}.conf"
        path.write_text(text, encoding="utf-8")
        return str(path)

    @contextlib.contextmanager
    def run(self, *options: str, is_there: Callable[[Side], bool] | None = None) -> Iterator[Side]:
        """Run it, from when it is there: without ``is_there``, from when its port is open."""
        log = self.folder / f"{self._name}.log"
        with running([self._path, *options], log=log) as process:
            side = Side(process.pid)
            await_start(
                process, lambda: is_there(side) if is_there else answers(self.port), log=log
            )
            yield side

    @contextlib.contextmanager
    def run_asked(self, ask: Callable[[Caller], None], *options: str) -> Iterator[Side]:
        """Run it and ``ask`` it at the given pace."""
        caller = Caller(self.port)
        with (
            self.run(*options) as side,
            evenly(lambda: ask(caller), self._every_s, what=self._name),
        ):
            yield side._replace(counted=caller.payload)


@contextlib.contextmanager
def collectd(around: Surroundings) -> Iterator[Side]:
    """Run collectd with the plugins that come nearest to our vitals.

    Raises:
        BenchError: it is not installed, does not start, or says nothing.
    """
    peer = _Peer("collectd", around)
    settings = peer.write_settings(
        f'Hostname "bench"\nBaseDir "{peer.folder}"\nPIDFile "{peer.folder / "collectd.pid"}"\n'
        f"Interval {around.every_s:g}\nLoadPlugin logfile\n"
        '<Plugin logfile>\n  LogLevel warning\n  File "stderr"\n</Plugin>\n'
        + "".join(f"LoadPlugin {name}\n" for name in (*_COLLECTD_PLUGINS, "mqtt"))
        + '<Plugin mqtt>\n  <Publish "bench">\n    Host "127.0.0.1"\n'
        f"    Port {around.broker_port}\n"
        '    ClientId "collectd"\n    Prefix "collectd"\n  </Publish>\n</Plugin>\n'
    )
    with peer.run("-f", "-C", settings, is_there=_publishes) as side:
        yield side


def _publishes(side: Side) -> bool:
    """Tell whether collectd publishes; where that can't be told, it is believed."""
    so_far = exchanged(side)
    return so_far is None or so_far.sent > _SPEAKS_BYTES


@contextlib.contextmanager
def netdata(around: Surroundings) -> Iterator[Side]:
    """Run netdata with its default collectors; all its values are fetched at the given pace.

    It asks no cloud, no registry and no statistics server, and judges no alarms.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    peer = _Peer("netdata", around)
    for name in _NETDATA_FOLDERS:
        (peer.folder / name).mkdir()
    (peer.folder / "config" / ".opt-out-from-anonymous-statistics").touch()
    lines = ["[directories]", *(f"{name} = {peer.folder / name}" for name in _NETDATA_FOLDERS)]
    lines += ["[db]", f"update every = {max(1, round(around.every_s))}"]
    lines += ["[web]", f"bind to = 127.0.0.1:{peer.port}"]
    lines += ["[logs]", "error = stderr", "access = none", "health = none"]
    for section in _NETDATA_WITHOUT:
        lines += [f"[{section}]", "enabled = no"]
    lines += ["[plugins]", "statsd = no"]
    if is_root():  # nobody else may enter our folder
        lines += ["[global]", "run as user = root"]
    settings = peer.write_settings("\n".join(lines) + "\n")
    options = ("-D", "-c", settings, "-P", str(peer.folder / "netdata.pid"))
    with peer.run_asked(_fetch_from_netdata, *options) as side:
        yield side


def _fetch_from_netdata(server: Caller) -> None:
    """Fetch all values, a connection each time: without being asked to stay, netdata hangs up.

    Raises:
        BenchError: it says something else.
        OSError: it does not answer.
    """
    answer = server.ask(_NETDATA_QUESTION)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise BenchError(f"it answers {answer[:40]!r}")


@contextlib.contextmanager
def node_exporter(around: Surroundings) -> Iterator[Side]:
    """Run node_exporter with its default collectors, scraped at the given pace.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    peer = _Peer("node_exporter", around, program_name="prometheus-node-exporter")
    with (
        peer.run(f"--web.listen-address=127.0.0.1:{peer.port}") as side,
        scraped(peer.port, "/metrics", around.every_s),
    ):
        yield side


@contextlib.contextmanager
def zabbix_agent2(around: Surroundings) -> Iterator[Side]:
    """Run zabbix-agent2 and ask it for the items that come nearest to our vitals.

    It is passive, as Zabbix 6.0 documents it:
    https://www.zabbix.com/documentation/6.0/en/manual/appendix/items/activepassive

    Raises:
        BenchError: it is not installed, or does not start.
    """
    peer = _Peer("zabbix-agent2", around, program_name="zabbix_agent2")
    settings = peer.write_settings(
        "Hostname=bench\nServer=127.0.0.1\nListenIP=127.0.0.1\n"
        f"ListenPort={peer.port}\nLogType=file\nLogFile={peer.folder / 'own.log'}\n"
        f"PidFile={peer.folder / 'agent.pid'}\nControlSocket={peer.folder / 'control.sock'}\n"
        f"PluginSocket={peer.folder / 'plugin.sock'}\n"
    )
    with peer.run_asked(_ask_zabbix_agent2, "-f", "-c", settings) as side:
        yield side


def _ask_zabbix_agent2(server: Caller) -> None:
    """Ask for each item.

    Raises:
        BenchError: the agent does not know one.
        OSError: it does not answer.
    """
    for item in _ZABBIX_ITEMS:
        heard = server.ask(_ZABBIX_HEADER.pack(_ZABBIX_MAGIC, len(item), 0) + item.encode())
        value = heard[_ZABBIX_HEADER.size :]
        if (
            not heard.startswith(_ZABBIX_MAGIC)
            or not value
            or value.startswith(_ZABBIX_UNSUPPORTED)
        ):
            raise BenchError(f"{value!r} for {item}")
