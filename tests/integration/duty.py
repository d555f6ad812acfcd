"""Duty: what the one on duty is told by Alertmanager, and the hosts it is told of."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.real import Process
from tests.kit.receiver import Receiver


class Told(NamedTuple):
    """One alert as a receiver was told of it."""

    path: str
    status: str
    alert: str
    of: str


class Hosts(Process):
    """Every host of an inventory in one process: small, real MQTT clients."""

    def __init__(
        self, folder: Path, name: str, port: int, inventory: str, *, without: str = ""
    ) -> None:
        path = folder / f"{name}.toml"
        path.write_text(inventory)
        options = ("--inventory", str(path), "--port", str(port), "--without", without)
        super().__init__(folder, name, sys.executable, "-m", "venuewatch.demo.fleet", *options)


class Duty:
    """Whoever is on duty, and what they were told."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def notices(self) -> list[dict[str, Any]]:
        """Return each notice with where it went, and when (s since 1970) it came."""
        return [
            {**attempt.body, "path": attempt.path, "at": attempt.at}
            for attempt in self._receiver.attempts
            if attempt.path != "/alive"
        ]

    def told(self) -> list[Told]:
        return [told for notice in self.notices() for told in _told(notice)]

    def told_of(self, *subjects: str) -> list[Told]:
        """Return what was told of these hosts, or of these venues and their hosts."""
        begins = tuple(f"{subject}-" for subject in subjects)
        return [one for one in self.told() if f"{one.of}-".startswith(begins)]

    def notice_of(self, told: Told) -> dict[str, Any] | None:
        """Return the first notice that told this."""
        return next((notice for notice in self.notices() if told in _told(notice)), None)


def _told(notice: dict[str, Any]) -> list[Told]:
    return [
        Told(notice["path"], one["status"], one["labels"]["alertname"], _subject(one))
        for one in notice["alerts"]
    ]


def _subject(alert: dict[str, Any]) -> str:
    labels = alert["labels"]
    return str(labels.get("host") or labels.get("venue") or "")
