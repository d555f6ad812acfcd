"""Lists the default routes of this machine, as the operating system has them."""

import re
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from agent.checks.reading.times import Deadline

_UP, _REJECT = 0x0001, 0x0200  # RTF_UP and RTF_REJECT of Linux' route.h


class Route(NamedTuple):
    """One way out. ``gateway`` is None on a link that has none, as a point-to-point one."""

    interface: str
    gateway: str | None
    metric: int
    is_v6: bool


def default_routes(deadline: Deadline) -> list[Route]:
    """Return the default routes, IPv4 before IPv6, the one in use first.

    Raises:
        TimeoutError: the system's ``route`` did not answer in time.
        OSError: it could not be asked.
    """
    if sys.platform == "linux":
        found = linux_v4(_text("/proc/net/route")) + linux_v6(_text("/proc/net/ipv6_route"))
    elif sys.platform == "win32":
        found = windows(_output(["route", "print", "0.0.0.0"], deadline))  # noqa: S104 - a route
    else:
        found = bsd(_output(["netstat", "-rn"], deadline))
    return sorted(found, key=lambda route: (route.is_v6, route.metric))


def linux_v4(table: str) -> list[Route]:
    """Return the default routes of ``/proc/net/route``."""
    routes = []
    for line in table.splitlines()[1:]:
        name, destination, gateway, flags, _, _, metric, mask, *_ = line.split()
        is_default = int(destination, 16) == 0 and int(mask, 16) == 0
        if is_default and _is_usable(int(flags, 16)):
            packed = struct.pack("=I", int(gateway, 16))  # it is printed as the machine's integer
            address = socket.inet_ntoa(packed) if any(packed) else None
            routes.append(Route(name, address, int(metric), is_v6=False))
    return routes


def linux_v6(table: str) -> list[Route]:
    """Return the default routes of ``/proc/net/ipv6_route``."""
    routes = []
    for line in table.splitlines():
        destination, length, _, _, gateway, metric, _, _, flags, name = line.split()
        is_default = int(destination, 16) == 0 and int(length, 16) == 0
        if is_default and name != "lo" and _is_usable(int(flags, 16)):
            packed = bytes.fromhex(gateway)
            address = _scoped(socket.inet_ntop(socket.AF_INET6, packed), name)
            routes.append(
                Route(name, address if any(packed) else None, int(metric, 16), is_v6=True)
            )
    return routes


def bsd(table: str) -> list[Route]:
    """Return the default routes of macOS' and BSD's ``netstat -rn``, in its order."""
    routes = []
    for at, line in enumerate(table.splitlines()):
        destination, *rest = line.split() or [""]
        if destination != "default" or len(rest) < 3:  # noqa: PLR2004 - gateway, flags, interface
            continue
        gateway, _, name = rest[:3]
        is_v6 = ":" in gateway and not gateway.startswith("link#")
        is_address = is_v6 or gateway[0].isdigit()
        address = (_scoped(gateway, name) if is_v6 else gateway) if is_address else None
        routes.append(Route(name, address, at, is_v6))
    return routes


def windows(table: str) -> list[Route]:
    """Return the IPv4 default routes of Windows' ``route print``; the words are translated."""
    number = r"([0-9.]+)"
    row = re.compile(rf"^\s*0\.0\.0\.0\s+0\.0\.0\.0\s+(\S+)\s+{number}\s+(\d+)\s*$", re.MULTILINE)
    return [
        Route(own, gateway if gateway[0].isdigit() else None, int(metric), is_v6=False)
        for gateway, own, metric in row.findall(table)
    ]


def _is_usable(flags: int) -> bool:
    return bool(flags & _UP) and not flags & _REJECT


def _scoped(address: str, interface: str) -> str:
    """Return a link-local address with the interface that it is on."""
    is_link_local = address.lower().startswith("fe80:") and "%" not in address
    return f"{address}%{interface}" if is_link_local else address


def _text(path: str) -> str:
    """Return a file of the kernel's; nothing where there is none (no IPv6)."""
    try:
        return Path(path).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def _output(command: list[str], deadline: Deadline) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline.left_s(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.stdout.decode(errors="replace")
