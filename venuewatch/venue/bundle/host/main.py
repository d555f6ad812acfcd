"""The commands on a host: ``install``, ``upgrade``, ``uninstall`` and ``supervise``."""

import argparse
import os
import platform
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType

from . import plans, ready
from .before import Before
from .carry import carry_out
from .health import CONNECTED
from .machine import FailedError, Machine, RefusedError, in_words
from .opened import Bundle
from .plans import Wanted, Was
from .program import PROGRAMS, UNITS, Program
from .services import Service, Supervised, service_of
from .supervise import Supervisor

NOT_WELL = 1
REFUSED = 2

_SUMMARIES = {
    "install": "Installs the program of this bundle. Run again after an interruption, it goes on.",
    "upgrade": "Replaces the installed program, keeps its spool, and goes back where the new one "
    "does not come up.",
    "uninstall": "Removes the program, its configuration and its key.",
    "supervise": "Keeps the program running where no systemd runs, in the foreground.",
}


def main(name: str, folder: str) -> int:
    """Run the command ``name`` of the bundle or release in ``folder``; return the exit code."""
    os.umask(0o022)  # the program's user has to read its environment
    options = parser_of(name).parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):  # SIGHUP: the operator's connection was cut
        signal.signal(number, _interrupt)
    try:
        return run(name, Path(folder), options, Machine())
    except RefusedError as error:
        print(f"{name}: {in_words(error)}", file=sys.stderr)
        return REFUSED
    except (FailedError, OSError, KeyboardInterrupt) as error:
        print(f"{name}: {in_words(error)}", file=sys.stderr)
        return NOT_WELL


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return what a command takes."""
    parser = argparse.ArgumentParser(
        prog=name,
        description=_SUMMARIES[name],
        epilog="exit code: 0 done, 1 it failed and was taken back, 2 refused, nothing was changed",
    )
    if name == "supervise":
        parser.add_argument("program", choices=sorted(PROGRAMS))
    elif name == "uninstall":
        parser.add_argument(
            "--purge", action="store_true", help="remove spool (or journal) and user, too"
        )
    else:
        parser.add_argument("--host", help="which host of the bundle; else by the machine's name")
        files = {
            "--key": "the host's private key",
            "--password": "its password for the broker, instead of key and certificate",
            "--certificate": "its certificate, instead of the bundle's",
            "--csr": "only make a key here, and write the request for its certificate there",
        }
        for option, summary in files.items():
            parser.add_argument(option, metavar="FILE", type=Path, help=summary)
    return parser


def run(name: str, folder: Path, options: argparse.Namespace, machine: Machine) -> int:
    """Run one command on a machine; return the exit code.

    Raises:
        RefusedError: nothing was changed.
        FailedError, OSError: it failed, and what was changed is taken back.
    """
    if name == "supervise":
        return Supervisor(machine, PROGRAMS[options.program]).run()
    if name == "uninstall":
        return _leave(machine, purge=options.purge)
    return _come(name, Bundle(folder), options, machine)


def _come(name: str, bundle: Bundle, options: argparse.Namespace, machine: Machine) -> int:
    """Install or upgrade."""
    before, program = Before(machine), bundle.program
    release = f"{bundle.release}-{machine.python}"
    ready.check_machine(machine, bundle)
    host = ready.choose_host(bundle, options.host, before.installed, platform.node())
    if options.csr is not None:
        return _request(machine, bundle, host, options.csr)
    doing = before.doing
    if doing and (doing.get("release"), doing.get("host")) != (release, host):
        _take_back(machine, before)
    ready.check_installed(machine, before, name, program)
    given = ready.Given(options.key, options.password, options.certificate)
    files = ready.files_for(machine, bundle, host, given)
    installed = before.installed
    wanted = Wanted(bundle, host, release, plans.keep_edits(machine, installed, files, _tell))
    service = service_of(machine, program)
    was = _begin(before, wanted, service)
    try:
        carry_out(plans.coming(machine, before, service, wanted, was), _tell)
    except FailedError:
        before.taken_back()
        raise
    before.end(plans.note_of(wanted, installed))
    plans.tidy(machine, release)
    _tell(f"{program.name} {release} runs as {host}")
    if given.key is not None:
        _tell(f"next: remove {given.key}; the key is installed now")
    if isinstance(service, Supervised):
        words = shlex.join(service.words)
        _tell(f"no systemd runs here: have the machine start this at each boot: {words}")
    return 0


def _begin(before: Before, wanted: Wanted, service: Service) -> Was:
    """Note which work begins, and how it stood; after an interruption the first note holds."""
    doing = before.doing
    if doing is None:
        look = service.look()
        doing = {
            "program": wanted.bundle.program.name,
            "release": wanted.release,
            "host": wanted.host,
            "ran": look.pid != 0,
            "was_heard": look.status.startswith(CONNECTED),
        }
        before.begin(doing)
    return Was(ran=bool(doing.get("ran")), was_heard=bool(doing.get("was_heard")))


def _take_back(machine: Machine, before: Before) -> None:
    """Take back an interrupted work that is not to be gone on with."""
    doing = before.doing or {}
    _tell(f"the interrupted work on {doing.get('release')} is taken back first")
    service = service_of(machine, PROGRAMS[str(doing.get("program", "agent"))])
    service.stop()
    before.put_back_all()
    if doing.get("ran"):
        service.restart()
    before.forget()


def _leave(machine: Machine, *, purge: bool) -> int:
    """Remove what is installed."""
    if not machine.is_root:
        raise RefusedError("this changes the machine: run it as root (sudo)")
    before = Before(machine)
    program = _installed_program(machine, before)
    if before.doing is not None:
        _take_back(machine, before)
    service = service_of(machine, program)
    steps = plans.going(machine, service, program, before.installed or {}, purge=purge)
    carry_out(steps, _tell)
    if not purge and machine.at(program.state).exists():
        _tell(f"{program.state} stays, with its user: uninstall --purge removes them")
    return 0


def _installed_program(machine: Machine, before: Before) -> Program:
    said = (before.installed or before.doing or {}).get("program")
    for program in PROGRAMS.values():
        is_there = machine.at(f"{UNITS}/{program.unit}").exists()
        if program.name == said or (said is None and is_there):
            return program
    raise RefusedError("nothing is installed here")


def _request(machine: Machine, bundle: Bundle, host: str, request_file: Path) -> int:
    """Make a key on this machine and a request for its certificate."""
    if not bundle.key_maker(machine.python):
        raise RefusedError(
            "the bundle can make no key: make it with venuewatch venue bundle --csr, "
            "or bring a key with --key"
        )
    key = ready.key_path(bundle, host)
    plans.make_request(machine, bundle, host, key=key, request_file=request_file)
    _tell(f"the key is {key}, and never leaves this machine; its request is {request_file}")
    _tell("next: have the request signed in the centre, then run install --certificate FILE here")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(text: str) -> None:
    print(text, flush=True)
