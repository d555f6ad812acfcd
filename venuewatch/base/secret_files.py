"""Secrets in files: who else may read or write them.

A secret that every user of the machine may read is none, and one that others may write is theirs to
choose. So such a file is refused, at the start and by ``venuewatch check-config``.

1. A group may read one: systemd's credentials are ``0440``, and some give the service's group a
   file of root's.
2. Others may replace one where they may write a folder on the way to it, or to the target of a
   link. The groups of root and of our own user are no others.
3. In a sticky folder only its owner may replace a thing. So root or we must own it.
4. Root or we must own the file. Root reads those of a service's user, too, to check them.
5. A pipe is refused: a secret is read again whenever it is shown to another program.

Windows has no such modes.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from venuewatch.base.config import ConfigError, one_line
from venuewatch.base.files import other_kind

_NAMES: Final = frozenset(
    {"password_file", "proxy_password_file", "bearer_token_file", "key_file", "api_key_file"}
)
_MAPPINGS: Final = frozenset({"field_files"})
_LINKS_MAX: Final = 40  # as Linux has it
_WRITABLE: Final = stat.S_IWGRP | stat.S_IWOTH
_OF_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP


def exposure_of(path: str) -> str | None:
    """Return a line for the operator if others may read or write the file at ``path``, else None.

    A file that is no regular one has a line as well.
    None, too, where there is no file: who needs it says so.
    """
    if os.name == "nt":
        return None
    shown = one_line(path)
    try:
        steps = list(_steps_to(path))
    except (OSError, ValueError):
        return None
    of_file = steps[-1].found
    kind = other_kind(of_file.st_mode)
    if kind is not None:
        return f"{shown}: expected a regular file, got {kind}"
    if of_file.st_mode & _OF_OTHERS:
        may = "write" if of_file.st_mode & _WRITABLE else "read"
        return f"{shown}: other users may {may} this secret: chmod 600 it (or 640, 400)"
    if os.geteuid() != 0 and not _is_trusted(of_file):  # root looks at those of services, too
        return f"{shown}: another user owns this secret: chown it to root, or to who reads it"
    return next(filter(None, (_replaceable(shown, step) for step in steps)), None)


class _Step(NamedTuple):
    """One step on the way to a file: a name in a folder, and what has that name."""

    folder: str
    of_folder: os.stat_result
    name: str
    found: os.stat_result


def _steps_to(path: str) -> Iterator[_Step]:
    """Yield the steps from the root to a file, each link on the way and its target included.

    Raises:
        OSError, ValueError: there is no such file.
    """
    whole = os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118 - `..` after a link stays
    links, at = 0, "/"
    names = whole.split("/")[::-1]
    while names:
        name = names.pop()
        if name in {"", "."}:
            continue
        if name == "..":
            at = str(Path(at).parent)
            continue
        there = Path(at, name)
        found = there.lstat()
        yield _Step(at, Path(at).stat(), name, found)
        if not stat.S_ISLNK(found.st_mode):
            at = str(there)
            continue
        links += 1
        if links > _LINKS_MAX:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = str(there.readlink())
        at = "/" if target.startswith("/") else at
        names += target.split("/")[::-1]


def _replaceable(shown: str, step: _Step) -> str | None:
    """Return a line if others may put something else in the place of a step."""
    mode, group = step.of_folder.st_mode, step.of_folder.st_gid
    by_group = mode & stat.S_IWGRP and group not in {0, os.getegid()}
    if not (by_group or mode & stat.S_IWOTH):
        return None
    if not mode & stat.S_ISVTX:
        who = "go" if by_group and mode & stat.S_IWOTH else "g" if by_group else "o"
        return (
            f"{shown}: other users may replace this secret: chmod {who}-w {one_line(step.folder)}"
        )
    if not _is_trusted(step.found):  # its owner may, in a sticky folder
        there = one_line(Path(step.folder, step.name))
        return f"{shown}: another user may replace this secret, the owner of {there}"
    return None


def _is_trusted(found: os.stat_result) -> bool:
    return found.st_uid in {0, os.geteuid()}


def keep_to_ourselves(*paths: str) -> None:
    """Take from others what they may do with files of ours that exist, as far as that can be."""
    for path in paths:
        with suppress(OSError, ValueError):
            mode = stat.S_IMODE(Path(path).stat().st_mode)
            if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                Path(path).chmod(mode & stat.S_IRWXU)


def refuse_exposed(path: str) -> None:
    """Refuse a secret that others may read or write.

    Raises:
        ConfigError: they may.
    """
    why = exposure_of(path)
    if why is not None:
        raise ConfigError(why)


def check_secrets(settings: object) -> None:
    """Refuse the first secret named by ``settings``, a struct of structs, that is exposed.

    Raises:
        ConfigError: others may read or write it.
    """
    for path in secrets_of(settings):
        refuse_exposed(path)


def secrets_of(settings: object) -> Iterator[str]:
    """Yield the path of each file of a secret that a configuration names."""
    if isinstance(settings, msgspec.Struct):
        for name in settings.__struct_fields__:
            value = getattr(settings, name)
            if name in _NAMES and isinstance(value, str):
                yield value
            elif name in _MAPPINGS and isinstance(value, Mapping):
                yield from value.values()
            else:
                yield from secrets_of(value)
    elif isinstance(settings, list | tuple):
        for each in settings:
            yield from secrets_of(each)
    elif isinstance(settings, Mapping):
        yield from secrets_of(list(settings.values()))
