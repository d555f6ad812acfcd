"""Describes the machine of a figure, without which the figure means little."""

import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import psutil

_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"  # Debian keeps mosquitto where a user's PATH ends
_PACKAGES = ("venuewatch", "mqtt5", "paho-mqtt", "gmqtt", "prometheus-client")
_VERSION = re.compile(r"(?<![/\w.])(?:v|go)?(\d+(?:\.\d+){1,3})\b")


def program(name: str) -> str | None:
    """Return where the program ``name`` is, None if it is not installed."""
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def facts() -> dict[str, object]:
    """Return what this machine is and which versions of peers it has."""
    return {
        "cores": psutil.cpu_count(),
        "cpu": _cpu_model(),
        "kernel": f"{platform.system()} {platform.release()}",
        "memory_bytes": psutil.virtual_memory().total,
        "huge_pages": _huge_pages(),
        "network_interfaces": len(psutil.net_if_addrs()),
        "python": platform.python_version(),
        "mosquitto": _version_of("mosquitto", "-h"),
        "node_exporter": _version_of("prometheus-node-exporter", "--version"),
        "zabbix-agent2": _version_of("zabbix_agent2", "--version"),
        "collectd": _version_of("collectd", "-h"),
        "netdata": _version_of("netdata", "-v"),
        "prometheus": _version_of("prometheus", "--version"),
        "go": _version_of("go", "version"),
        **{name: package_version(name) for name in _PACKAGES},
    }


def package_version(name: str) -> str | None:
    """Return the version of an installed Python distribution, None if there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.machine())


def _huge_pages() -> str | None:
    """Return whose memory the kernel keeps in huge pages, None where it does not say.

    With ``always`` the aggregator of a big fleet takes less CPU (``docs/performance.md``).
    """
    try:
        said = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"\[(\w+)\]", said)
    return None if found is None else found[1]


def _version_of(name: str, option: str) -> str | None:
    """Return the version that a program says of itself."""
    path = program(name)
    if path is None:
        return None
    ran = subprocess.run([path, option], capture_output=True, text=True, timeout=10, check=False)
    found = _VERSION.search(ran.stdout + ran.stderr)
    return found[1] if found else None
