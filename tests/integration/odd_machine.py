"""Runs a module of ours on an odd machine: ``python -I odd_machine.py ODD MODULE ARGUMENT…``.

The name of the machine and its mounts are this process' own, and go with it. ``ODD`` is JSON, see
:class:`Odd`. At SIGUSR1 the server of the hung disk is gone. The exit code is 77 where this process
may not do such things. It imports the standard library alone: others ask for that name at once.
"""

import ctypes
import json
import os
import runpy
import signal
import sys
from types import FrameType
from typing import NamedTuple

CLONE_NEWNS, CLONE_NEWUTS = 0x00020000, 0x04000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
NOT_HERE = 77


class Odd(NamedTuple):
    """What is odd: the machine's name (hex digits), and files of this one in place of its own.

    ``hung_disk``: a block device, and the place where its filesystem is mounted, through user
    space and a server that never answers.
    """

    nodename: str = ""
    binds: dict[str, str] | None = None
    hung_disk: tuple[str, str] | None = None


_libc = ctypes.CDLL(None, use_errno=True)


def ask(call: str, *arguments: object) -> None:
    """Ask the kernel. Raises OSError."""
    if getattr(_libc, call)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def mount(source: str, place: str, kind: str | None, flags: int, options: str | None) -> None:
    """Do what the system call of that name does. Raises OSError."""
    words = [None if word is None else os.fsencode(word) for word in (source, place, kind)]
    ask("mount", *words, ctypes.c_ulong(flags), None if options is None else options.encode())


def hang(device: str, place: str) -> None:
    """Mount a disk whose filesystem's server takes questions and never answers."""
    server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0,blksize=4096"
    mount(device, place, "fuseblk", 0, options)

    def end(_number: int, _frame: FrameType | None) -> None:
        os.close(server)

    signal.signal(signal.SIGUSR1, end)


def become(odd: Odd) -> None:
    """Make this machine odd. Raises OSError."""
    ask("unshare", CLONE_NEWNS | CLONE_NEWUTS)
    mount("none", "/", None, MS_REC | MS_PRIVATE, None)
    if odd.nodename:
        name = bytes.fromhex(odd.nodename)
        ask("sethostname", name, len(name))
    # The agent reads the mounts of process 1: let those be our own.
    mount(f"/proc/{os.getpid()}/mountinfo", "/proc/1/mountinfo", None, MS_BIND, None)
    for place, source in (odd.binds or {}).items():
        mount(source, place, None, MS_BIND, None)
    if odd.hung_disk is not None:
        hang(*odd.hung_disk)


def main() -> None:
    """Run from the command line."""
    _, odd, module, *arguments = sys.argv
    try:
        become(Odd(**json.loads(odd)))
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_HERE)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
