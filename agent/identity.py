"""Builds the birth: the first message of every session, which introduces this agent."""

import base64
import os
import platform
import sys

from agent import config
from venuewatch import __version__
from venuewatch.base import clock
from venuewatch.base.wire.bounds import TEXT_MAX, fitted
from venuewatch.base.wire.messages import Birth


def new_boot() -> str:
    """Return an id for this run of the agent: 40 random bits."""
    return base64.b32encode(os.urandom(5)).decode().lower()


def machine_run() -> str:
    """Return a name of the time since this machine began; empty where the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:  # noqa: PTH123 - as in agent.vitals
            return file.read(8).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def birth(
    settings: config.Config, *, boot: str, session: int, address: str, stock_tcp: bool
) -> Birth:
    """Return the birth of a session; ``address`` is this machine's, as it faces the broker.

    ``stock_tcp``: the kernel can't repeat a lost beat soon. Facts of the machine may be any bytes,
    and are told as far as they are text. No file is read for them: one that hangs holds nothing up.
    """
    return Birth(
        boot=boot,
        session=session,
        wall_ms=milliseconds(clock.wall()),
        interval_s=settings.heartbeat.interval_s,
        vitals_every_s=settings.heartbeat.vitals_every_s,
        agent_version=__version__,
        role=settings.role,
        address=address,
        **_facts(),
        os_boot_ms=_os_boot_ms(),
        keepalive_s=settings.broker.keepalive,
        stock_tcp=stock_tcp,
        reconnect_max_s=settings.broker.reconnect_max_s,
        own_ticks=True,
        yields=True,
    )


def _facts() -> dict[str, str]:
    """Return what the operating system says of itself, under the names of a birth."""
    said = platform.uname()
    facts = {
        "sysname": said.system,
        "nodename": said.node,
        "domainname": _domainname(),
        "release": said.release,
        "version": said.version,
        "machine": said.machine,
    }
    return {name: fitted(fact, TEXT_MAX) for name, fact in facts.items()}


def milliseconds(seconds: float) -> int:
    """Return seconds as the wire has them."""
    return max(0, round(seconds * 1000))


if sys.platform == "linux":

    def _os_boot_ms() -> int:
        """Return when the machine started; /proc has it too, where reading can fail."""
        return milliseconds(clock.wall() - clock.since_boot())

    try:
        import ctypes

        _getdomainname = ctypes.CDLL(None).getdomainname
    except (ImportError, OSError, AttributeError):  # a Python or a system without it

        def _domainname() -> str:
            return ""

    else:

        def _domainname() -> str:
            """Return the NIS domain, ``(none)`` where none is set."""
            buffer = ctypes.create_string_buffer(TEXT_MAX)
            return os.fsdecode(buffer.value) if _getdomainname(buffer, TEXT_MAX) == 0 else ""

else:

    def _os_boot_ms() -> int:
        """Return when the machine started; 0 where the system does not say it."""
        import psutil  # noqa: PLC0415 - Linux does without

        try:
            return milliseconds(psutil.boot_time())
        except (OSError, RuntimeError, psutil.Error):
            return 0

    def _domainname() -> str:
        return ""
