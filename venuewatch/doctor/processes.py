"""Finds the process of a program of ours that may have the name of an installation.

A broker knows a program by its name. So one counts whose file has the same name and a port in
common, in a container or as another file, too; and so does one whose file can't be read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import psutil

from venuewatch.base.config import ConfigError, read_toml
from venuewatch.doctor.system import INSTALLED_IN

Program: TypeAlias = Literal["agent", "aggregator"]

_NAMED_BY: Final[Mapping[Program, str]] = {"agent": "host", "aggregator": "name"}
_PORT: Final = 1883


def process_of(program: Program, path: Path) -> int | None:
    """Return the process that may be of a program with the configuration ``path``, or None."""
    return _first(partial(is_run, program=program, path=path))


def supervisor_of(program: Program, path: Path) -> int | None:
    """Return the process of the supervisor that starts such a program again, or None."""
    return _first(partial(is_supervised, program=program, path=path))


def _first(is_it: Callable[..., bool]) -> int | None:
    for process in psutil.process_iter(["pid", "cmdline"]):
        pid = int(process.info["pid"])
        if is_it(process.info["cmdline"] or (), seen_at=Path(f"/proc/{pid}")):
            return pid
    return None


def is_run(command: Sequence[str], program: Program, path: Path, *, seen_at: Path) -> bool:
    """Tell whether a command line may be that of a program with the configuration ``path``.

    ``seen_at``: the folder of its process below /proc.
    """
    words = list(command)
    is_one = any(
        word == program and (before == "-m" or Path(before).name == "venuewatch")
        for before, word in pairwise(words)
    )
    named = _option(words, "--config")
    return is_one and (named is None or _is_of_same(program, named, path, seen_at))


def is_supervised(command: Sequence[str], program: Program, path: Path, *, seen_at: Path) -> bool:
    """Tell whether a command line is that of a bundle's supervisor of such a program."""
    pairs = pairwise(command)
    is_one = any(word == program and Path(before).name == "supervise" for before, word in pairs)
    return is_one and _is_of_same(program, str(INSTALLED_IN / f"{program}.toml"), path, seen_at)


def _option(words: Iterable[str], name: str) -> str | None:
    """Return the value of an option of a command line, None if it is not there."""
    rest = iter(words)
    for word in rest:
        if word == name:
            return next(rest, None)
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def _is_of_same(program: Program, named: str, path: Path, seen_at: Path) -> bool:
    """Tell whether the file that a process names may be of the same program."""
    is_whole = named.startswith("/")
    there = seen_at / "root" / named[1:] if is_whole else seen_at / "cwd" / named
    try:
        theirs, ours = read_toml(there), read_toml(path)
    except ConfigError:
        return is_whole or Path(named).name == path.name
    key = _NAMED_BY[program]
    is_same_name = theirs.get(key) == ours.get(key)
    return is_same_name and not _ports(theirs).isdisjoint(_ports(ours))


def _ports(content: Mapping[str, Any]) -> set[str]:
    """Return the ports of the brokers of a configuration."""
    broker = content.get("broker")
    if not isinstance(broker, Mapping):
        return {str(_PORT)}
    more = broker.get("fallbacks")
    others = more if isinstance(more, list) else []
    return {str(broker.get("port", _PORT)), *(str(each).rpartition(":")[2] for each in others)}
