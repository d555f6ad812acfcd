"""Asks the kernel for the options by which a lost beat is repeated soon."""

import socket
import sys
from typing import NamedTuple

from agent.mqtt.thin_tcp import tune
from venuewatch.doctor.findings import Finding, skipped, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host"})
NEEDS: tuple[str, ...] = ()


class Options(NamedTuple):
    """The transport, the system, and whether the options are to be had; None if not asked."""

    transport: str
    system: str
    is_thin: bool | None


def look(site: Site) -> Options:
    """Ask the agent of its connection, or try a socket that is connected to nothing."""
    status = site.running.status
    transport: str = site.broker.transport if site.broker.proxy is None else "a proxy"
    if transport != "tcp":
        return Options(transport, sys.platform, None)
    if status is not None and status.is_thin is not None:
        return Options(transport, sys.platform, status.is_thin)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        return Options(transport, sys.platform, tune(sock))


def judge(facts: Options) -> list[Finding]:
    """Find a kernel that waits long before it repeats a lost beat."""
    if facts.is_thin is None:
        return [skipped(f"over {facts.transport} the kernel's options are not used")]
    if facts.is_thin:
        return [well("this kernel repeats a lost beat soon")]
    if facts.system != "linux":
        return [skipped(f"{facts.system} has no such options: hosts there get a longer margin")]
    text = "this kernel repeats a lost beat late: it has no thin streams"
    todo = "Have it know `reno` (sysctl net.ipv4.tcp_allowed_congestion_control), not in a sandbox"
    return [wrong(text, todo, is_usable=True)]
