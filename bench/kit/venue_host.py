"""Makes a Python environment as a venue host has it: what requirements/agent.txt names, no more.

The packages themselves are links to those of this environment. Its other packages would change
what is measured: msgspec imports typing_extensions where that is installed.
"""

import re
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bench.kit.processes import ROOT, BenchError

_PINNED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
_OURS = ("agent", "venuewatch")


def venue_host(directory: Path) -> Path:
    """Make the environment in ``directory``, which must not exist; return its Python.

    Raises:
        BenchError: a package is not installed here.
    """
    venv.create(directory, symlinks=True)
    (packages,) = directory.glob("lib/python*/site-packages")
    for name in _OURS:
        (packages / name).symlink_to(ROOT / name)
    text = (ROOT / "requirements" / "agent.txt").read_text(encoding="utf-8")
    for name in _PINNED.findall(text):
        try:
            there = distribution(name)
        except PackageNotFoundError:
            raise BenchError(f"{name} is not installed") from None
        for part in {file.parts[0] for file in there.files or ()} - {"..", "__pycache__"}:
            (packages / part).symlink_to(str(there.locate_file(part)))
    return directory / "bin" / "python"
