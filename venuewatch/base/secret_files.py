"""Secrets in files: who else may read or write them.

A secret that every user of the machine may read is none, and one that others may write is theirs to
choose. So such a file is refused, at the start and by ``venuewatch check-config``. A group may read
one: systemd's credentials are ``0440``, and some give the service's group a file of root's. Windows
has no such modes. A pipe is refused too: a secret is read again whenever it is shown to another.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from venuewatch.base.config import ConfigError, one_line
from venuewatch.base.files import other_kind

_NAMES: Final = frozenset({"password_file", "bearer_token_file", "key_file", "api_key_file"})
_MAPPINGS: Final = frozenset({"field_files"})
_WRITABLE: Final = stat.S_IWGRP | stat.S_IWOTH
_OF_OTHERS: Final = stat.S_IRWXO | stat.S_IWGRP


def exposure_of(path: str) -> str | None:
    """Return a line for the operator if others may read or write the file at ``path``, else None.

    A file that is no regular one has a line as well.
    None, too, where there is no file: who needs it says so.
    """
    if os.name == "nt":
        return None
    try:
        of_file = Path(path).stat()
        of_folder = Path(path).absolute().parent.stat()
    except (OSError, ValueError):
        return None
    kind = other_kind(of_file.st_mode)
    if kind is not None:
        return f"{one_line(path)}: expected a regular file, got {kind}"
    if of_file.st_mode & _OF_OTHERS:
        may = "write" if of_file.st_mode & _WRITABLE else "read"
        return f"{one_line(path)}: other users may {may} this secret: chmod 600 it (or 640, 400)"
    is_shared = of_folder.st_mode & stat.S_IWOTH and not of_folder.st_mode & stat.S_ISVTX
    if is_shared:
        return f"{one_line(path)}: other users may replace this secret: chmod o-w its folder"
    return None


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
