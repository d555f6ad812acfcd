"""Temperatures that Linux's hardware monitors measure; nothing elsewhere (nor has psutil there).

They are read from /sys/class/hwmon and not through psutil, which opens five files a sensor at
each reading, and gives two disks of one kind the same names.
"""

import os
import re
from collections.abc import Iterator
from functools import cache

from agent.vitals import _files

_TEMPERATURE = re.compile(r"(temp\d+)_input")
_UNNAMEABLE = re.compile(r"[^a-z0-9:_]")


class Thermometers:
    """The sensors below one hwmon directory, looked for again when a chip comes or goes."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._chips: list[str] = []
        self._sensors: dict[tuple[str, str], str] = {}

    def rows(self) -> list[tuple[str, str, float]]:
        """Return chip, sensor and degrees Celsius; a sensor that doesn't answer is left out."""
        if not self._find():
            return []
        rows = []
        for (chip, sensor), path in self._sensors.items():
            try:
                rows.append((chip, sensor, int(_files.content(path)) / 1000))
            except FileNotFoundError:
                self._chips = []
            except (OSError, ValueError, OverflowError):
                continue
        return rows

    def _find(self) -> bool:
        """Bring the list of sensors up to date; tell whether there are any."""
        try:
            chips = sorted(os.listdir(self._directory))
        except OSError:
            return False
        if chips != self._chips:
            monitors = (_sensors(f"{self._directory}/{name}") for name in chips)
            self._sensors = {labels: path for found in monitors for labels, path in found}
            self._chips = chips
        return bool(self._sensors)


def read() -> dict[str, object]:
    """Return one row a sensor; no family where there is none."""
    rows = _thermometers(_files.SYS).rows()
    return {"node_hwmon_temp_celsius": rows} if rows else {}


@cache
def _thermometers(root: str) -> Thermometers:
    return Thermometers(f"{root}/class/hwmon")


def _sensors(monitor: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield node_exporter's labels for each sensor (chip, sensor), and its file."""
    chip = _chip(monitor)
    try:
        names = sorted(os.listdir(monitor))
    except OSError:
        return
    for name in names:
        if match := _TEMPERATURE.fullmatch(name):
            yield (chip, match[1]), f"{monitor}/{name}"


def _chip(monitor: str) -> str:
    """Return the device's bus and name, else the driver's name, else the monitor's."""
    device = f"{monitor}/device"
    if os.path.exists(device):
        bus, name = os.path.realpath(device).split("/")[-2:]
        return f"{_nameable(bus)}_{_nameable(name)}".strip("_")
    try:
        driver = _files.content(f"{monitor}/name").decode(errors="replace")
    except OSError:
        driver = ""
    return _nameable(driver) or _nameable(monitor.rpartition("/")[2])


def _nameable(text: str) -> str:
    return _UNNAMEABLE.sub("_", text.strip().lower()).strip("_")
