"""The commands on a host: ``install``, ``upgrade``, ``uninstall`` and ``supervise``."""

import argparse
import contextlib
import os
import platform
import shlex
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from . import plans, ready
from .before import Before
from .carry import LeftError, carry_out, do_all
from .health import CONNECTED
from .machine import INTERRUPTIONS, FailedError, Machine, RefusedError, in_words, interrupt
from .opened import Bundle
from .plans import Wanted, Was
from .program import LOCK, PROGRAMS, UNITS, Program
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

_CODES_OF_COMING = (
    "exit code: 0 done, 1 it failed and was taken back, 2 refused, nothing was changed"
)
_CODES = {
    "uninstall": "exit code: 0 done, 1 not all is removed: give it again, 2 nothing to remove",
    "supervise": "exit code: 0 stopped, 2 wrong configuration, or another one runs",
}


def main(name: str, folder: str) -> int:
    """Run the command ``name`` of the bundle or release in ``folder``; return the exit code."""
    os.umask(0o022)  # the program's user has to read its environment
    options = parser_of(name).parse_args()
    for number in INTERRUPTIONS:
        signal.signal(number, interrupt)
    try:
        return run(name, Path(folder), options, Machine())
    except (RefusedError, FailedError, OSError, KeyboardInterrupt) as error:
        with contextlib.suppress(OSError):  # the terminal is gone
            print(f"{name}: {in_words(error)}", file=sys.stderr)
        return REFUSED if isinstance(error, RefusedError) else NOT_WELL


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return what a command takes."""
    parser = argparse.ArgumentParser(
        prog=name,
        description=_SUMMARIES[name],
        epilog=_CODES.get(name, _CODES_OF_COMING),
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
    bundle = None if name == "uninstall" else Bundle(folder)
    if not machine.is_root:
        raise RefusedError("this changes the machine: run it as root (sudo)")
    refusal = "another install, upgrade or uninstall is at work here: wait for its end"
    with machine.alone(LOCK, refusal=refusal):
        if bundle is None:
            return _leave(machine, purge=options.purge)
        return _come(name, bundle, options, machine)


def _come(name: str, bundle: Bundle, options: argparse.Namespace, machine: Machine) -> int:
    """Install or upgrade."""
    before, program = Before(machine), bundle.program
    release = f"{bundle.release}-{machine.python}"
    ready.check_machine(machine, bundle, release)
    ready.check_others(machine, before, program)
    host = ready.choose_host(bundle, options.host, before.installed, platform.node())
    if options.csr is not None:
        return _request(machine, bundle, host, options.csr)
    doing = before.doing
    if doing and (doing.get("bundle"), doing.get("host")) != (bundle.digest, host):
        _take_back(machine, before)
    ready.check_installed(machine, before, name, program)
    given = ready.Given(options.key, options.password, options.certificate)
    files = ready.files_for(machine, bundle, host, given)
    files = plans.keep_edits(machine, before.installed, files)
    wanted = Wanted(bundle, host, release, files)
    service = service_of(machine, program)
    was = _begin(before, wanted, service)
    steps = plans.coming(machine, before, service, wanted, was)
    try:
        carry_out(machine, steps, partial(plans.go_back, service, was))
    except LeftError as error:  # the notes stay: what is left can still be put back
        raise FailedError(
            f"{in_words(error)}: mend that, and give the same command again"
        ) from None
    except FailedError:
        before.forget()
        raise
    with machine.undisturbed():
        before.forget()
        plans.tidy(machine, release)
    machine.tell(f"{program.name} {release} runs as {host}")
    if given.key is not None:
        machine.tell(f"next: remove {given.key}; the key is installed now")
    if isinstance(service, Supervised):
        words = shlex.join(service.words)
        machine.tell(f"no systemd runs here: have the machine start this at each boot: {words}")
    return 0


def _begin(before: Before, wanted: Wanted, service: Service) -> Was:
    """Note which work begins, and how it stood; after an interruption the first note holds."""
    doing = before.doing
    if doing is None:
        look = service.look()
        doing = {
            "program": wanted.bundle.program.name,
            "bundle": wanted.bundle.digest,
            "release": wanted.release,
            "host": wanted.host,
            "is_on": look.is_on,
            "at_boot": look.at_boot,
            "was_heard": look.status.startswith(CONNECTED),
        }
        before.begin(doing)
    return _was(doing)


def _was(doing: dict[str, Any]) -> Was:
    """Return how it stood before a work."""
    is_on, at_boot, was_heard = (bool(doing.get(name)) for name in Was._fields)
    return Was(is_on=is_on, at_boot=at_boot, was_heard=was_heard)


def _take_back(machine: Machine, before: Before) -> None:
    """Take back an interrupted work that is not to be gone on with."""
    doing = before.doing or {}
    machine.tell(f"the interrupted work on {doing.get('release')} is taken back first")
    service = service_of(machine, PROGRAMS[str(doing.get("program", "agent"))])
    with machine.undisturbed():
        service.stop()
        before.put_back_all()
        plans.go_back(service, _was(doing))
        before.forget()


def _leave(machine: Machine, *, purge: bool) -> int:
    """Remove what is installed."""
    before = Before(machine)
    program = _installed_program(machine, before, purge=purge)
    if before.doing is not None:
        _take_back(machine, before)
    service = service_of(machine, program)
    steps = plans.going(machine, service, program, before.installed or {}, purge=purge)
    try:
        do_all(machine, steps)
    except FailedError as error:
        raise FailedError(f"{in_words(error)}: mend that, and give uninstall again") from None
    if isinstance(service, Supervised):
        machine.tell(f"no systemd runs here: start no more at boot: {shlex.join(service.words)}")
    if not purge and machine.at(program.state).exists():
        machine.tell(f"{program.state} stays, with its user: uninstall --purge removes them")
    return 0


def _installed_program(machine: Machine, before: Before, *, purge: bool) -> Program:
    said = (before.installed or before.doing or {}).get("program")
    for program in PROGRAMS.values():
        # What an uninstall without --purge has left is there to be purged, too.
        left = [program.state] if purge else []
        is_there = any(machine.at(path).exists() for path in (f"{UNITS}/{program.unit}", *left))
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
    machine.tell(f"the key is {key}, and never leaves this machine; its request is {request_file}")
    signed = f"venuewatch venue renew {bundle.name}/{host} --sign FILE"
    machine.tell(f"next: have the request signed in the centre ({signed}), bring the certificate,")
    machine.tell("and give install --certificate FILE here, or upgrade where one is installed")
    return 0
