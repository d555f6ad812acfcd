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
from .carry import Step, Tell
from .machine import Machine
from .opened import Bundle
from .program import (
    BY_HAND,
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

    ran: bool
    was_heard: bool


def coming(
    machine: Machine, before: Before, service: Service, wanted: Wanted, was: Was
) -> list[Step]:
    """Return the steps of an installation or an upgrade: they differ by what was there."""
    bundle = wanted.bundle
    program, name = bundle.program, bundle.program.name
    wheels = bundle.wheels(machine.python)
    return [
        steps.GoBack(service, ran=was.ran),
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
        steps.Start(before, service, name),
        steps.Await(machine, service, name, was_heard=was.was_heard),
    ]


def going(
    machine: Machine, service: Service, program: Program, installed: dict[str, Any], *, purge: bool
) -> list[Step]:
    """Return the steps of a removal; without ``purge`` spool and user stay."""
    remove = machine.remove
    placed = [path for path in installed.get("placed", {}) if _is_ours(path)]
    leaving: list[Step] = [
        steps.Act(f"stop the {program.name}", service.stop),
        *[
            steps.Act(f"remove {path}", partial(remove, path))
            for path in (f"{UNITS}/{program.unit}", *placed, LINK, RELEASES)
        ],
    ]
    if machine.has_systemd:
        reload = ["systemctl", "daemon-reload"]
        leaving.append(steps.Act("tell systemd", partial(machine.run, reload)))
    if purge:
        leaving += [
            steps.Act(f"remove {program.state}", partial(remove, program.state)),
            steps.Act(
                f"remove the user {program.user}", partial(machine.remove_user, program.user)
            ),
        ]
    empty = partial(machine.remove_empty, CONFIGURATION)
    leaving.append(steps.Act(f"remove {CONFIGURATION} if it is empty", empty))
    leaving.append(steps.Act(f"remove {FOLDER}", partial(remove, FOLDER)))
    return leaving


def _is_ours(path: str) -> bool:
    return path.startswith(f"{CONFIGURATION}/") and ".." not in path


def keep_edits(
    machine: Machine,
    installed: dict[str, Any] | None,
    files: Mapping[str, tuple[bytes, int]],
    tell: Tell,
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
            tell(f"{path} was edited here and stays; the bundle's is {path}.new: compare them")
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
    """Remove every release but one, and what was made by hand."""
    folder = machine.at(RELEASES)
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name != release:
            machine.remove(f"{RELEASES}/{each.name}")
    machine.remove(BY_HAND)


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
        machine.run([python, "-I", program, host, str(machine.at(key)), str(request_file)])
    finally:
        machine.remove(_KEY_MAKER)


def sha256(content: bytes) -> str:
    """Return a digest as text."""
    return hashlib.sha256(content).hexdigest()
