"""Files of ours are for our own user, whatever the umask."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.integration.real import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes"),
]

VENUE = '[[venue]]\ncode = "STA"\nname = "Stade"\ntimezone = "UTC"\nlink = "wired"\n'
INVENTORY = VENUE + '[[venue.host]]\nname = "STA-1"\n'


@contextmanager
def running(program: str, config: Path) -> Iterator[None]:
    """Run a program that lets others read and write all that it makes."""
    command = [sys.executable, "-m", program, "--config", str(config)]
    with subprocess.Popen(command, umask=0, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def modes(folder: Path, pattern: str) -> dict[str, str]:
    found = {}
    for path in folder.rglob(pattern):
        with suppress(FileNotFoundError):  # renamed meanwhile
            found[path.name] = oct(stat.S_IMODE(path.stat().st_mode))
    return found


def test_the_journal_is_for_its_own_user_alone(tmp_path: Path) -> None:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    config = tmp_path / "aggregator.toml"
    config.write_text(
        f'[broker]\nport = {free_port()}\n[web]\nlisten_address = "127.0.0.1:{free_port()}"\n'
    )

    with running("aggregator", config):
        until("there is a journal", lambda: len(modes(tmp_path, "journal.sqlite*")) > 1)
        found = modes(tmp_path, "journal.sqlite*")

    assert "journal.sqlite" in found
    assert set(found.values()) == {"0o600"}

    journal = tmp_path / "journal.sqlite"  # as an earlier version may have left it
    journal.chmod(0o644)
    with running("aggregator", config):
        until("it is ours", lambda: modes(tmp_path, journal.name) == {journal.name: "0o600"})


def test_the_spool_is_for_its_own_user_alone(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        'venue = "STA"\nhost = "STA-1"\n[heartbeat]\nvitals_every_s = 1.0\n'
        f"[broker]\nport = {free_port()}\n"
    )

    with running("agent", config):
        until("something is spooled", lambda: len(modes(tmp_path / "spool", "*")) > 0)
        files, folder = modes(tmp_path / "spool", "*"), modes(tmp_path, "spool")

    assert set(files.values()) == {"0o600"}
    assert folder == {"spool": "0o700"}
