"""A played machine and two bundles."""

import os
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import PlayedMachine


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: these tests write thousands of small files."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def machine(tmp_path: Path) -> PlayedMachine:
    return PlayedMachine(tmp_path / "root")
