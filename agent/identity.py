"""Builds the birth: the first message of every session, which introduces this agent."""

import base64
import os
import platform

import psutil

from agent import config
from venuewatch import __version__
from venuewatch.base import clock
from venuewatch.base.wire.messages import Birth


def new_boot() -> str:
    """Return an id for this run of the agent: 40 random bits."""
    return base64.b32encode(os.urandom(5)).decode().lower()


def birth(
    settings: config.Config, *, boot: str, session: int, address: str, stock_tcp: bool
) -> Birth:
    """Return the birth of a session; ``address`` is this machine's, as it faces the broker.

    ``stock_tcp``: the kernel can't repeat a lost beat soon.
    """
    facts = platform.uname()
    return Birth(
        boot=boot,
        session=session,
        wall_ms=milliseconds(clock.wall()),
        interval_s=settings.heartbeat.interval_s,
        vitals_every_s=settings.heartbeat.vitals_every_s,
        agent_version=__version__,
        role=settings.role,
        address=address,
        sysname=facts.system,
        nodename=facts.node,
        domainname=_domainname(),
        release=facts.release,
        version=facts.version,
        machine=facts.machine,
        os_boot_ms=milliseconds(psutil.boot_time()),
        keepalive_s=settings.broker.keepalive,
        stock_tcp=stock_tcp,
        reconnect_max_s=settings.broker.reconnect_max_s,
        own_ticks=True,
    )


def _domainname() -> str:
    """Return the NIS domain that Linux knows, ``(none)`` where none is set; elsewhere nothing."""
    try:
        with open("/proc/sys/kernel/domainname", "rb") as file:  # noqa: PTH123 - as in agent.vitals
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""


def milliseconds(seconds: float) -> int:
    """Return seconds as the wire has them."""
    return max(0, round(seconds * 1000))
