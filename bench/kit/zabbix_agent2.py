"""Runs zabbix-agent2, passive: a server asks it for one item a connection (Zabbix 6.0).

https://www.zabbix.com/documentation/6.0/en/manual/appendix/items/activepassive
"""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.kit.payload import Caller
from bench.kit.processes import BenchError, answers, await_start, free_port, running
from bench.kit.scraping import evenly
from bench.kit.sides import Side, Surroundings, installed

PROGRAM = "zabbix_agent2"
ITEMS: Final = (
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
"""The items that come nearest to our vitals."""

_MAGIC = b"ZBXD\x01"
_UNSUPPORTED = b"ZBX_NOTSUPPORTED"
_HEADER = struct.Struct("<5sII")


def ask_all(server: Caller) -> None:
    """Ask for each item.

    Raises:
        BenchError: the agent does not know one.
        OSError: it does not answer.
    """
    for item in ITEMS:
        heard = server.ask(_HEADER.pack(_MAGIC, len(item), 0) + item.encode())
        value = heard[_HEADER.size :]
        if not heard.startswith(_MAGIC) or not value or value.startswith(_UNSUPPORTED):
            raise BenchError(f"{value!r} for {item}")


@contextlib.contextmanager
def zabbix_agent2(around: Surroundings) -> Iterator[Side]:
    """Run the agent, asked for all items at the given pace.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = installed(PROGRAM, "zabbix-agent2")
    port, folder = free_port(), around.folder(PROGRAM)
    settings = folder / "agent.conf"
    settings.write_text(_settings(folder, port), encoding="utf-8")
    log = folder / "zabbix-agent2.log"
    with running([path, "-f", "-c", str(settings)], log=log) as process:
        await_start(process, lambda: answers(port), log=log)
        server = Caller(port)
        with evenly(lambda: ask_all(server), around.every_s, what="zabbix-agent2"):
            yield Side(process.pid, server.payload)


def _settings(folder: Path, port: int) -> str:
    return (
        "Hostname=bench\nServer=127.0.0.1\nListenIP=127.0.0.1\n"
        f"ListenPort={port}\nLogType=file\nLogFile={folder / 'own.log'}\n"
        f"PidFile={folder / 'agent.pid'}\nControlSocket={folder / 'control.sock'}\n"
        f"PluginSocket={folder / 'plugin.sock'}\n"
    )
