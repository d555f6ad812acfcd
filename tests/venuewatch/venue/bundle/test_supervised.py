"""A machine without systemd: the agent runs under a supervisor, whose command is printed."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import (
    BROKEN,
    PlayedMachine,
    key_file,
    run,
    unpacked,
)
from venuewatch.venue.bundle.host.machine import FailedError

COMMAND = "/usr/bin/python3 -I /opt/venuewatch/supervise agent"
SUPERVISOR = 70
STATUS = "/run/venuewatch-agent.json"


class WithoutSystemd(PlayedMachine):
    """Plays a supervisor: its process, and what it says of the agent."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, has_systemd=False)
        self.started: list[Sequence[str]] = []

    def start(self, words: Sequence[str], *, log: str) -> int:
        assert log == "/var/log/venuewatch-agent.log"
        self.started.append(words)
        self._systemctl(["start"])
        is_up = self.running != BROKEN
        said = {"supervisor": SUPERVISOR, "pid": 71 if is_up else 0, "status": self.status}
        self.at(STATUS).write_text(json.dumps(said))
        folder = self.at(f"/proc/{SUPERVISOR}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
        return SUPERVISOR

    def end(self, pid: int) -> None:
        assert pid == SUPERVISOR
        self.running = None
        self.at(STATUS).unlink()
        self.at(f"/proc/{SUPERVISOR}/cmdline").unlink()


@pytest.fixture
def bare(tmp_path: Path) -> WithoutSystemd:
    return WithoutSystemd(tmp_path / "root")


def test_install_prints_the_command_for_each_boot(tmp_path: Path, bare: WithoutSystemd) -> None:
    code = run(bare, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert code == 0
    assert [" ".join(words) for words in bare.started] == [COMMAND]
    line = f"no systemd runs here: have the machine start this at each boot: {COMMAND}"
    assert line in bare.told
    assert not any("systemctl" in words for words in bare.ran)


def test_broken_upgrade_goes_back_without_systemd(tmp_path: Path, bare: WithoutSystemd) -> None:
    run(bare, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    with pytest.raises(FailedError):
        run(bare, "upgrade", unpacked(tmp_path, BROKEN))

    assert bare.running == "1.0.0"


def test_process_with_the_old_number_is_no_supervisor(tmp_path: Path, bare: WithoutSystemd) -> None:
    run(bare, "install", unpacked(tmp_path), "--key", key_file(tmp_path))
    bare.at(f"/proc/{SUPERVISOR}/cmdline").write_bytes(b"/usr/sbin/sshd\0-D\0")

    run(bare, "upgrade", unpacked(tmp_path, "2.0.0"))

    assert bare.running == "2.0.0"


def test_uninstall_ends_the_supervisor(tmp_path: Path, bare: WithoutSystemd) -> None:
    run(bare, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    run(bare, "uninstall", tmp_path, "--purge")

    assert f"no systemd runs here: start no more at boot: {COMMAND}" in bare.told
    assert bare.running is None
    assert bare.users == {"root"}


def test_supervisor_that_has_said_nothing_yet_is_ended(
    tmp_path: Path, bare: WithoutSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, key = unpacked(tmp_path), key_file(tmp_path)
    ended = []

    def start(machine: WithoutSystemd, words: Sequence[str], *, log: str) -> int:
        pid = begin(machine, words, log=log)
        machine.at(STATUS).rename(machine.at("/run/later"))
        return pid

    def end(machine: WithoutSystemd, pid: int) -> None:
        ended.append(pid)
        machine.at(f"/proc/{pid}/cmdline").unlink()

    begin = WithoutSystemd.start
    monkeypatch.setattr(WithoutSystemd, "start", start)
    monkeypatch.setattr(WithoutSystemd, "end", end)

    with pytest.raises(FailedError, match="the supervisor did not begin: look at /var/log/"):
        run(bare, "install", folder, "--key", key)

    assert ended == [SUPERVISOR]
