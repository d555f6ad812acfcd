"""Looks at a network interface: up, at its speed, and free of errors."""

from typing import Annotated, NamedTuple

import psutil

from agent.checks import CheckConfig, Latest, Reading, SimpleCheck, about
from agent.checks.reading.limits import Finding, together
from agent.vitals import _files
from venuewatch.base.wire.checks import CheckValues

_BYTES_PER_MBIT = 125_000  # 10^6 bits
_UNKNOWN_MBIT = 2**31 - 1  # from here on: an unknown speed (-1), as old drivers write it


class Config(CheckConfig, frozen=True, tag="interface"):
    """Looks at one interface of this machine; nothing is sent."""

    interface: Annotated[str, about("its name", "eth0", "Ethernet 2", min_length=1)]
    min_speed_mbit: Annotated[
        float, about("warning under this link speed, in Mbit/s; 0 for any", 1000, ge=0.0)
    ] = 0.0


class Link(NamedTuple):
    """An interface's link; 0 for a speed that is not known."""

    is_up: bool
    mbit: int


class Check(SimpleCheck[Config]):
    """Down or missing is ``critical``; slow, or with new errors, is ``warning``."""

    def __init__(self, config: Config, latest: Latest) -> None:
        super().__init__(config, latest)
        self._errors_before: int | None = None

    def read(self) -> Reading:
        """Ask the operating system."""
        name = self._config.interface
        found = _link(name)
        if found is None:
            self._errors_before = None
            values = CheckValues(check_interface_up=0.0)
            return Reading("critical", "this machine has no such interface", values)
        # Not psutil's own memory of wraps: it would add up the counters of a new interface.
        traffic = psutil.net_io_counters(pernic=True, nowrap=False).get(name)
        errors = traffic.errin + traffic.errout if traffic else None
        drops = traffic.dropin + traffic.dropout if traffic else None
        values = CheckValues(
            check_interface_up=float(found.is_up),
            check_interface_speed_bytes=float(found.mbit * _BYTES_PER_MBIT) or None,
            check_interface_errors_total=None if errors is None else float(errors),
            check_interface_drops_total=None if drops is None else float(drops),
        )
        if not found.is_up:
            return Reading("critical", "the interface is down", values)
        return together([self._speed(found.mbit), self._growth(errors)], values)

    def _speed(self, mbit: int) -> Finding:
        """Judge the link speed; 0 is what the system says when it does not know."""
        least = self._config.min_speed_mbit
        if mbit <= 0:
            return Finding("warning", "its speed is not known") if least else Finding("ok")
        is_slow = mbit < least
        return Finding("warning" if is_slow else "ok", f"{mbit} Mbit/s")

    def _growth(self, errors: int | None) -> Finding:
        """Judge the errors since the last reading; a lower total is a new interface's."""
        before, self._errors_before = self._errors_before, errors
        if errors is None or before is None or errors <= before:
            return Finding("ok")
        return Finding("warning", f"{errors - before} new errors")


def _link(name: str) -> Link | None:
    """Return the link of an interface; None where this machine has none of that name."""
    try:
        found = psutil.net_if_stats().get(name)
    except UnicodeError:  # another interface has a name that is no UTF-8
        return _link_of_sys(name)
    return None if found is None else Link(found.isup, found.speed)


def _link_of_sys(name: str) -> Link | None:
    state = _files.sys_if_any(f"class/net/{name}/operstate").strip()
    if not state:
        return None
    mbit = _files.count(_files.sys_if_any(f"class/net/{name}/speed").strip()) or 0
    return Link(state in {b"up", b"unknown"}, mbit if mbit < _UNKNOWN_MBIT else 0)
