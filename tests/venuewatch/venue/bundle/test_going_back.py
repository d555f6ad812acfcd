"""Upgrades that fail, and what of the old agent is there afterwards: all of it."""

import itertools
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import (
    BROKEN,
    CONFIGURATION,
    HOST,
    PlayedMachine,
    credentials,
    files_of_host,
    key_file,
    run,
    unpacked,
)
from venuewatch.venue.bundle.host.machine import FailedError

ACTIONS_MIN = 10
CONFIGURED = "/etc/venuewatch/agent.toml"
EDITED = CONFIGURATION + '[[check]]\nkind = "ping"\nname = "uplink"\naddress = "192.0.2.1"\n'
OTHER = CONFIGURATION.replace("mqtt.example.org", "mqtt.example.net")


@pytest.fixture
def running(tmp_path: Path, machine: PlayedMachine) -> PlayedMachine:
    run(machine, "install", unpacked(tmp_path, "1.0.0"), "--key", key_file(tmp_path))
    return machine


def files_in(tree: dict[str, object]) -> dict[str, object]:
    """Return a tree without its folders: an empty one of ours does no harm."""
    return {name: what for name, what in tree.items() if what != "folder"}


def failure(machine: PlayedMachine, folder: Path, command: str = "upgrade") -> str:
    with pytest.raises(FailedError) as caught:
        run(machine, command, folder)
    return str(caught.value)


def test_installed_files_are_roots_and_the_spool_is_the_agents(running: PlayedMachine) -> None:
    owned = {path for path, owner in running.owners.items() if owner == "venuewatch-agent"}

    state = running.at("/var/lib/venuewatch-agent")
    assert owned == {state, state / "spool"}
    modes = {name: found[1] for name, found in running.tree().items() if isinstance(found, tuple)}
    assert modes["etc/venuewatch/host.key"] == modes["etc/venuewatch/agent.toml"] == 0o640


def test_upgrade_keeps_the_spool(tmp_path: Path, running: PlayedMachine) -> None:
    record = running.at("/var/lib/venuewatch-agent/spool/1.spool")
    record.write_bytes(b"readings")

    run(running, "upgrade", unpacked(tmp_path, "2.0.0"))

    assert record.read_bytes() == b"readings"
    assert running.running == "2.0.0"


def test_upgrade_to_an_agent_that_ends_goes_back(tmp_path: Path, running: PlayedMachine) -> None:
    before = running.tree()

    why = failure(running, unpacked(tmp_path, BROKEN))

    assert why == (
        "could not start the agent, and see it come up: it did not start: "
        "look at journalctl -u venuewatch-agent.service"
    )
    assert running.tree() == before
    assert running.notes == ["installed.json"]


def test_upgrade_to_an_agent_that_hears_nothing_goes_back(
    tmp_path: Path, running: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running.tree()
    folder = unpacked(tmp_path, "2.0.0")
    wake = PlayedMachine.sleep

    def deafen(machine: PlayedMachine, wait_s: float) -> None:
        machine.status = "not connected: nothing listens there"
        wake(machine, wait_s)

    monkeypatch.setattr(PlayedMachine, "sleep", deafen)
    why = failure(running, folder)

    assert "after 60 s it has received no tick of the centre" in why
    assert running.tree() == before


def test_upgrade_of_an_agent_that_was_not_connected_needs_no_tick(
    tmp_path: Path, running: PlayedMachine
) -> None:
    running.status = "not connected: no answer in time"

    code = run(running, "upgrade", unpacked(tmp_path, "2.0.0"))

    assert (code, running.running) == (0, "2.0.0")


def test_upgrade_with_a_refused_configuration_never_stops_the_old_agent(
    tmp_path: Path, running: PlayedMachine
) -> None:
    before = running.tree()
    running.refusal = "agent.toml: unknown field"
    folder = unpacked(tmp_path, "2.0.0", {HOST: files_of_host(OTHER)})
    running.ran.clear()

    why = failure(running, folder)

    assert why.startswith("could not check /etc/venuewatch/agent.toml: ")
    assert why.endswith("agent.toml: unknown field")
    assert not any(words[:2] == ["systemctl", "stop"] for words in running.ran)
    assert running.tree() == before


@pytest.mark.parametrize("at", ["host.pem", "complete", "agent.toml", ".service", "installed.json"])
def test_disk_that_fills_anywhere_leaves_a_bare_machine_bare(
    tmp_path: Path, machine: PlayedMachine, at: str
) -> None:
    bare = machine.tree()
    machine.full_at = at
    folder, key = unpacked(tmp_path), key_file(tmp_path)

    with pytest.raises(FailedError, match="the disk is full: make room, and run this again"):
        run(machine, "install", folder, "--key", key)

    assert files_in(machine.tree()) == files_in(bare)


@pytest.mark.long
def test_disk_that_stays_full_leaves_the_old_agent(tmp_path: Path, running: PlayedMachine) -> None:
    before = running.tree()
    other = {HOST: {**files_of_host(OTHER), "web.yml": b"users:"}}
    folder = unpacked(tmp_path, "2.0.0", other)

    for number in itertools.count(1):
        running.full_from = running.actions + number
        try:
            run(running, "upgrade", folder)
        except (FailedError, OSError):
            assert running.tree() == before
        else:
            assert number > ACTIONS_MIN
            break


def test_agent_that_waits_for_its_next_start_is_started_again(
    tmp_path: Path, running: PlayedMachine
) -> None:
    before = running.tree()
    running.crashes = True

    failure(running, unpacked(tmp_path, BROKEN))

    assert running.tree() == before


@pytest.mark.parametrize("at_boot", [True, False])
def test_agent_that_was_stopped_stays_as_it_was(
    tmp_path: Path, running: PlayedMachine, *, at_boot: bool
) -> None:
    running.running, running.at_boot = None, at_boot
    before = running.tree()

    failure(running, unpacked(tmp_path, BROKEN))

    assert running.tree() == before


def test_old_agent_that_can_not_be_started_is_not_forgotten(
    tmp_path: Path, running: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running.tree()
    broken = unpacked(tmp_path, BROKEN)
    start = PlayedMachine.run

    def fail(machine: PlayedMachine, words: Sequence[str], *, user: str | None = None) -> str:
        if words[:2] == ["systemctl", "start"] and machine.version != BROKEN:
            raise FailedError("systemctl ended with 1: no answer")
        return start(machine, words, user=user)

    monkeypatch.setattr(PlayedMachine, "run", fail)
    why = failure(running, broken)
    monkeypatch.undo()
    failure(running, broken)

    assert "could not start the program of before: systemctl ended with 1: no answer" in why
    assert why.endswith("give the same command again")
    assert running.tree() == before


def test_files_that_others_own_become_roots(tmp_path: Path, machine: PlayedMachine) -> None:
    path = machine.at("/etc/venuewatch/ca.pem")
    path.parent.mkdir(parents=True)
    path.write_bytes(credentials()[0])
    path.chmod(0o644)
    machine.owners[path] = "alice"

    run(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert machine.owner_of("/etc/venuewatch/ca.pem") == "root"


def test_files_of_users_are_not_for_all(tmp_path: Path, machine: PlayedMachine) -> None:
    files = {**files_of_host(), "web.yml": b"users:"}

    run(machine, "install", unpacked(tmp_path, hosts={HOST: files}), "--key", key_file(tmp_path))

    assert stat.S_IMODE(machine.at("/etc/venuewatch/web.yml").stat().st_mode) == 0o640


def test_configuration_that_was_edited_stays(tmp_path: Path, running: PlayedMachine) -> None:
    running.at(CONFIGURED).write_text(EDITED)

    run(running, "upgrade", unpacked(tmp_path, "2.0.0", {HOST: files_of_host(OTHER)}))

    assert running.at(CONFIGURED).read_text() == EDITED
    assert running.at(f"{CONFIGURED}.new").read_text() == OTHER
    assert any(line.startswith(f"{CONFIGURED} was edited here and stays") for line in running.told)


def test_configuration_that_was_not_edited_is_replaced(
    tmp_path: Path, running: PlayedMachine
) -> None:
    run(running, "upgrade", unpacked(tmp_path, "2.0.0", {HOST: files_of_host(OTHER)}))

    assert running.at(CONFIGURED).read_text() == OTHER


def test_new_configuration_of_the_same_release_needs_no_room(
    tmp_path: Path, running: PlayedMachine
) -> None:
    (tmp_path / "other").mkdir()
    folder = unpacked(tmp_path / "other", "1.0.0", {HOST: files_of_host(OTHER)})
    running.free = 1 << 20

    code = run(running, "upgrade", folder)

    assert code == 0
    assert running.at(CONFIGURED).read_text() == OTHER


def test_agent_installed_by_hand_gives_way_and_comes_back(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    by_hand = machine.at("/opt/venuewatch/bin")
    by_hand.mkdir(parents=True)
    (by_hand / "python").write_text("by hand")
    machine.at("/etc/systemd/system/venuewatch-agent.service").write_text("by hand")
    machine.users.add("venuewatch-agent")
    machine.running = "by-hand"
    before = machine.tree()
    key = key_file(tmp_path)

    with pytest.raises(FailedError):
        run(machine, "upgrade", unpacked(tmp_path, BROKEN), "--key", key)
    was_taken_back = files_in(machine.tree())
    run(machine, "upgrade", unpacked(tmp_path, "2.0.0"), "--key", key)

    assert was_taken_back == files_in(before)
    assert machine.running == "2.0.0"
    assert not machine.at("/opt/venuewatch.d/by-hand").exists()


def test_ctrl_c_takes_all_back(
    tmp_path: Path, running: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running.tree()
    folder = unpacked(tmp_path, "2.0.0")

    def interrupt(_machine: PlayedMachine, _wait_s: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PlayedMachine, "sleep", interrupt)
    why = failure(running, folder)

    assert why == "could not start the agent, and see it come up: interrupted"
    assert running.tree() == before


def test_uninstall_keeps_the_spool_and_no_key(tmp_path: Path, running: PlayedMachine) -> None:
    record = running.at("/var/lib/venuewatch-agent/spool/1.spool")
    record.write_bytes(b"readings")

    run(running, "uninstall", tmp_path)

    assert record.exists()
    assert running.has_user("venuewatch-agent")
    assert not running.at("/etc/venuewatch").exists()
    assert not running.at("/opt/venuewatch.d").exists()


def test_what_an_uninstall_left_can_be_purged(tmp_path: Path, running: PlayedMachine) -> None:
    run(running, "uninstall", tmp_path)

    code = run(running, "uninstall", tmp_path, "--purge")

    assert code == 0
    assert not running.at("/var/lib/venuewatch-agent").exists()
    assert running.users == {"root"}
