"""Installations that are killed before each single action, and begun again."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import (
    BROKEN,
    CONFIGURATION,
    HOST,
    KilledError,
    PlayedMachine,
    files_of_host,
    key_file,
    run,
    unpacked,
)
from venuewatch.venue.bundle.host.machine import FailedError
from venuewatch.venue.bundle.host.program import LINK

pytestmark = pytest.mark.long

ACTIONS_MIN = 20
INSTALLED = "/var/lib/venuewatch-install/installed.json"
DOING = "/var/lib/venuewatch-install/before/doing"
Work = Callable[[PlayedMachine], object]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return unpacked(tmp_path, "1.0.0")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return unpacked(tmp_path, "2.0.0")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return key_file(tmp_path)


def killed_at_each_action(tmp_path: Path, ready: Work, work: Work) -> Iterator[PlayedMachine]:
    """Yield a machine for each action of ``work``, killed before it."""
    for number in itertools.count(1):
        machine = PlayedMachine(tmp_path / f"root-{number}")
        ready(machine)
        machine.kill_at = machine.actions + number
        try:
            work(machine)
        except KilledError:
            machine.kill_at = None
            yield machine
        else:
            assert number > ACTIONS_MIN
            return


def nothing(_machine: PlayedMachine) -> None:
    """Leave the machine bare."""


def test_install_killed_anywhere_goes_on_when_run_again(
    tmp_path: Path, machine: PlayedMachine, old: Path, key: Path
) -> None:
    run(machine, "install", old, "--key", key)
    whole = machine.tree()

    def install(each: PlayedMachine) -> int:
        return run(each, "install", old, "--key", key)

    for killed in killed_at_each_action(tmp_path, nothing, install):
        again = "install" if killed.at(DOING).exists() else ""
        if again or killed.running is None:
            install(killed)
        assert killed.tree() == whole
        assert killed.notes in (["installed.json"], ["dropped", "installed.json"])


def test_upgrade_killed_anywhere_goes_on_when_run_again(
    tmp_path: Path, machine: PlayedMachine, old: Path, new: Path, key: Path
) -> None:
    run(machine, "install", old, "--key", key)
    run(machine, "upgrade", new)
    whole = machine.tree()

    for killed in killed_at_each_action(
        tmp_path,
        lambda each: run(each, "install", old, "--key", key),
        lambda each: run(each, "upgrade", new),
    ):
        run(killed, "upgrade", new)
        assert killed.tree() == whole
        assert killed.running == "2.0.0"


def test_broken_upgrade_killed_anywhere_ends_with_the_old_agent(
    tmp_path: Path, machine: PlayedMachine, old: Path, key: Path
) -> None:
    broken = unpacked(tmp_path, BROKEN)
    run(machine, "install", old, "--key", key)
    whole = machine.tree()

    def upgrade(each: PlayedMachine) -> None:
        with pytest.raises(FailedError):
            run(each, "upgrade", broken)

    for killed in killed_at_each_action(
        tmp_path, lambda each: run(each, "install", old, "--key", key), upgrade
    ):
        upgrade(killed)
        assert killed.tree() == whole
        assert killed.running == "1.0.0"


def test_upgrade_killed_anywhere_is_taken_back_by_the_old_bundle(
    tmp_path: Path, machine: PlayedMachine, old: Path, new: Path, key: Path
) -> None:
    run(machine, "install", old, "--key", key)
    whole = machine.tree()

    for killed in killed_at_each_action(
        tmp_path,
        lambda each: run(each, "install", old, "--key", key),
        lambda each: run(each, "upgrade", new),
    ):
        run(killed, "upgrade", old)
        assert killed.tree() == whole
        assert killed.running == "1.0.0"
        assert killed.at(INSTALLED).read_bytes() == machine.at(INSTALLED).read_bytes()


def test_install_killed_anywhere_is_done_anew_with_another_configuration(
    tmp_path: Path, machine: PlayedMachine, old: Path, key: Path
) -> None:
    files = files_of_host(CONFIGURATION.replace("example.org", "example.net"))
    (tmp_path / "other").mkdir()
    other = unpacked(tmp_path / "other", "1.0.0", {HOST: files})
    run(machine, "install", other, "--key", key)
    whole = machine.tree()

    for killed in killed_at_each_action(
        tmp_path, nothing, lambda each: run(each, "install", old, "--key", key)
    ):
        if killed.at(DOING).exists():
            run(killed, "install", other, "--key", key)
            assert killed.tree() == whole


def test_install_killed_anywhere_leaves_nothing_once_uninstalled(
    tmp_path: Path, machine: PlayedMachine, old: Path, key: Path
) -> None:
    bare = machine.tree()

    for killed in killed_at_each_action(
        tmp_path, nothing, lambda each: run(each, "install", old, "--key", key)
    ):
        if killed.notes:
            run(killed, "uninstall", old, "--purge")
        assert without_empty(killed.tree()) == without_empty(bare)
        assert killed.notes == []


def test_uninstall_killed_anywhere_goes_on_when_run_again(
    tmp_path: Path, old: Path, key: Path, machine: PlayedMachine
) -> None:
    bare = machine.tree()

    for number in itertools.count(1):
        each = PlayedMachine(tmp_path / f"going-{number}")
        run(each, "install", old, "--key", key)
        each.kill_at = each.actions + number
        try:
            run(each, "uninstall", old, "--purge")
        except KilledError:
            each.kill_at = None
            has_script = each.at(LINK).is_symlink()
            assert has_script or not (each.at("/etc/venuewatch").exists() or len(each.users) > 1)
            run(each, "uninstall", old, "--purge")
        else:
            break
        assert without_empty(each.tree()) == without_empty(bare)


def without_empty(tree: dict[str, object]) -> dict[str, object]:
    """Return a tree without its folders: an empty one of ours does no harm."""
    return {name: what for name, what in tree.items() if what != "folder"}
