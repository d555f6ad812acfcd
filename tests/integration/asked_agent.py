"""A running agent, asked at its socket as the doctor asks it."""

from pathlib import Path

from agent.status import Status, asked, socket_beside


def status_in(folder: Path) -> Status | None:
    """Return what the agent says whose configuration is in this folder; None without one."""
    return asked(socket_beside(str(folder / "spool")))


def is_connected(folder: Path) -> bool:
    """Tell whether it is connected to a broker."""
    status = status_in(folder)
    return status is not None and status.is_connected


def trouble_in(folder: Path) -> str:
    """Return why it is not connected."""
    status = status_in(folder)
    return "" if status is None else status.trouble
