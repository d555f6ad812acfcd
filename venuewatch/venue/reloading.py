"""Has another program read its files again, by a command of the settings."""

import subprocess
from collections.abc import Sequence
from typing import Final

from venuewatch.base.config import in_words, one_line

_TIMEOUT_S: Final = 5.0


def reload(command: Sequence[str]) -> str:
    """Run a command; return why it failed as one line, empty where it did not. None is right."""
    if not command:
        return ""
    shown = " ".join(command)
    try:
        done = subprocess.run(  # noqa: S603 - a list that root's own file names
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return f"{shown}: no end within {_TIMEOUT_S:g} s"
    except (OSError, ValueError) as error:
        why = in_words(error) if isinstance(error, OSError) else one_line(error)
        return f"{shown}: {why}"
    if done.returncode == 0:
        return ""
    said = one_line(done.stderr.decode(errors="replace").strip())
    return f"{shown}: exit code {done.returncode}{said and ': '}{said}"
