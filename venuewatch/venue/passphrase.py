"""The passphrase of the authority's keys: from a file, a credential of systemd, or a terminal.

It is never an argument of a command, and never printed.
"""

import getpass
import os
import sys
from pathlib import Path
from typing import Final

from venuewatch.base.config import ConfigError, read_secret
from venuewatch.base.secret_files import refuse_exposed

CREDENTIAL: Final = "venuewatch-passphrase"
LEAST: Final = 12
"""How many characters the passphrase of a new authority has at least."""

MOST: Final = 1_000
"""How many bytes a passphrase has at most; ``cryptography`` encrypts with 1,023."""


def read(file: Path | None, *, is_new: bool) -> bytes:
    """Return the passphrase; that of a new authority is asked for twice.

    Raises:
        ConfigError: there is none, it is exposed, or too short.
    """
    path = file or _credential()
    if path is not None:
        refuse_exposed(str(path))
        found = read_secret(str(path))
    elif sys.stdin.isatty():
        found = _asked(is_new=is_new)
    else:
        raise ConfigError("expected a terminal to ask for the passphrase, or --passphrase-file")
    if is_new and len(found) < LEAST:
        raise ConfigError(f"expected a passphrase of {LEAST} characters or more")
    if not found:
        raise ConfigError("expected a passphrase")
    try:
        secret = found.encode()
    except UnicodeEncodeError:
        raise ConfigError("expected a passphrase in UTF-8") from None
    if len(secret) > MOST:
        raise ConfigError(f"expected a passphrase of {MOST:,} bytes at most")
    return secret


def _credential() -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    path = Path(folder, CREDENTIAL)
    return path if folder and path.exists() else None


def _asked(*, is_new: bool) -> str:
    try:
        found = getpass.getpass("Passphrase of the authority: ")
        again = getpass.getpass("The same again: ") if is_new else found
    except EOFError:
        raise ConfigError("expected a passphrase") from None
    if again != found:
        raise ConfigError("expected the same passphrase twice")
    return found
