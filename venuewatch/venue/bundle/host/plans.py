"""The steps of each command, in their order.

Nothing that runs is touched until the new release is whole and its configuration checked. The
link, the unit and the start come last.
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from . import steps
from .before import FOLDER, Before
from .carry import Step
from .machine import Machine, in_words
from .opened import Bundle
from .program import (
    CONFIGURATION,
    LINK,
    PARTS,
    RELEASES,
    SHARED,
    UNITS,
    Program,
)
from .services import Service

_KEY_MAKER = f"{FOLDER}/key-maker"


class Wanted(NamedTuple):
    """What a machine is to become."""

    bundle: Bundle
    host: str
    release: str  # of this machine's Python, too: another one has its modules elsewhere
    files: Mapping[str, tuple[bytes, int]]  # by path: content and mode


class Was(NamedTuple):
    """How it stood before the work began; noted once, since an interrupted work changes it."""

    is_on: bool
    at_boot: bool
    was_heard: bool


def go_back(service: Service, was: Was) -> None:
    """Have the program of before run again as it did, once all else is as it was."""
    if not service.look().is_on:
        service.put(is_on=was.is_on, at_boot=was.at_boot)


def coming(
    machine: Machine, before: Before, service: Service, wanted: Wanted, was: Was
) -> list[Step]:
    """Return the steps of an installation or an upgrade: they differ by what was there."""
    bundle = wanted.bundle
    program = bundle.program
    wheels = bundle.wheels(machine.python)
    return [
        steps.AddUser(machine, before, program.user),
        steps.MakeFolder(machine, before, program.state, program.user),
        steps.MakeRelease(machine, before, wanted.release, pip=bundle.pip, wheels=wheels),
        *[
            steps.PutFile(
                machine,
                before,
                path,
                content,
                mode=mode,
                group=program.user if mode == SHARED else "root",
            )
            for path, (content, mode) in wanted.files.items()
        ],
        steps.CheckConfiguration(machine, program, wanted.release),
        steps.PutFile(machine, before, f"{UNITS}/{program.unit}", bundle.unit),
        steps.Adopt(machine, before),
        steps.Switch(machine, before, wanted.release),
        steps.Note(before, note_of(wanted, before.installed)),
        steps.Start(machine, before, service, program.name, was_heard=was.was_heard),
    ]


def going(
    machine: Machine, service: Service, program: Program, installed: dict[str, Any], *, purge: bool
) -> list[Step]:
    """Return the steps of a removal; without ``purge`` spool and user stay."""
    remove = machine.remove
    placed = [path for path in installed.get("placed", {}) if _is_ours(path)]
    paths = [f"{UNITS}/{program.unit}", *placed]
    if purge:
        paths += [program.state, program.log]
    leaving: list[Step] = [
        steps.Act(f"stop the {program.name}", service.stop),
        *[steps.Act(f"remove {path}", partial(remove, path)) for path in paths],
    ]
    if machine.has_systemd:
        reload = ["systemctl", "daemon-reload"]
        leaving.append(steps.Act("tell systemd", partial(machine.run, reload)))
    if purge:
        user = program.user
        leaving.append(steps.Act(f"remove the user {user}", partial(machine.remove_user, user)))
    empty = partial(machine.remove_empty, CONFIGURATION)
    leaving.append(steps.Act(f"remove {CONFIGURATION} if it is empty", empty))
    # What could go on after an interruption leaves last.
    last = (LINK, RELEASES, FOLDER)
    return [*leaving, *[steps.Act(f"remove {path}", partial(remove, path)) for path in last]]


def _is_ours(path: str) -> bool:
    return path.startswith(f"{CONFIGURATION}/") and ".." not in path


def keep_edits(
    machine: Machine,
    installed: dict[str, Any] | None,
    files: Mapping[str, tuple[bytes, int]],
) -> dict[str, tuple[bytes, int]]:
    """Return the files to put, where a configuration that was edited by hand stays as it is.

    The bundle's own is then put beside it, as ``agent.toml.new``.
    """
    placed = (installed or {}).get("placed", {})
    found = {}
    for path, (content, mode) in files.items():
        here = machine.at(path)
        is_edited = (
            path.endswith(".toml")
            and here.is_file()
            and here.read_bytes() != content
            and sha256(here.read_bytes()) != placed.get(path)
        )
        if is_edited:
            machine.tell(
                f"{path} was edited here and stays; the bundle's is {path}.new: compare them"
            )
        found[f"{path}.new" if is_edited else path] = (content, mode)
    return found


def note_of(wanted: Wanted, installed: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is noted of a finished installation; secrets only by their path."""
    placed = dict((installed or {}).get("placed", {}))
    for path, (content, _) in wanted.files.items():
        placed[path] = sha256(content) if path.endswith(".toml") else ""
    return {
        "program": wanted.bundle.program.name,
        "release": wanted.release,
        "host": wanted.host,
        "placed": placed,
    }


def tidy(machine: Machine, release: str) -> None:
    """Remove every release but one, what was made by hand, and what an interruption left."""
    folder = machine.at(RELEASES)
    others = [f"{RELEASES}/{each.name}" for each in folder.iterdir() if each.name != release]
    for path in (*others, _KEY_MAKER):
        try:
            machine.remove(path)
        except OSError as error:  # which takes nothing from what runs
            machine.tell(f"could not remove {path}: {in_words(error)}")


def make_request(
    machine: Machine, bundle: Bundle, host: str, *, key: str, request_file: Path
) -> None:
    """Make a key on this machine, and write the request for its certificate."""
    machine.make_folder(FOLDER, mode=0o700)
    machine.make_folder(str(Path(key).parent))
    steps.make_environment(machine, _KEY_MAKER, bundle.pip, bundle.key_maker(machine.python))
    try:
        program = str(bundle.folder / PARTS / "request.py")
        python = str(machine.at(f"{_KEY_MAKER}/bin/python"))
        where = [str(machine.at(key)), str(request_file.absolute())]
        machine.run([python, "-I", program, host, *where])
    finally:
        machine.remove(_KEY_MAKER)


def sha256(content: bytes) -> str:
    """Return a digest as text."""
    return hashlib.sha256(content).hexdigest()
