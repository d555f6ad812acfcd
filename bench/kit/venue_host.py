"""Makes a Python environment as a venue host has it: what requirements/agent.txt names, no more.

The packages themselves are links to those of this environment. Its other packages would change
what is measured: msgspec imports typing_extensions where that is installed. Our own code may be
that of another commit.
"""

import compileall
import re
import subprocess
import venv
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bench.kit.machine import program
from bench.kit.processes import ROOT, BenchError

_PINNED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
_OURS = ("agent", "venuewatch")
_REQUIREMENTS = "requirements/agent.txt"


def checkout(commit: str, directory: Path, *more: str) -> Path:
    """Put what a venue host has of a commit into ``directory``, which must not exist; return it.

    ``more``: further folders of the commit.

    Raises:
        BenchError: there is no such commit, or no git.
    """
    git = program("git")
    if git is None:
        raise BenchError("git is not installed")
    directory.mkdir()
    packed = directory / "commit.zip"
    words = [git, "-C", str(ROOT), "archive", "--format=zip", f"--output={packed}"]
    asked = [*words, commit, *_OURS, *more, _REQUIREMENTS]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{commit}: {done.stderr.strip() or 'git has no such commit'}")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(directory)
    return directory


def venue_host(directory: Path, source: Path = ROOT) -> Path:
    """Make the environment in ``directory``, which must not exist; return its Python.

    ``source`` has our own code.

    Raises:
        BenchError: a package is not installed here.
    """
    venv.create(directory, symlinks=True)
    (packages,) = directory.glob("lib/python*/site-packages")
    for name in _OURS:
        (packages / name).symlink_to(source / name)
        compileall.compile_dir(source / name, quiet=2)  # no side compiles, and keeps that memory
    text = (source / _REQUIREMENTS).read_text(encoding="utf-8")
    for name in _PINNED.findall(text):
        try:
            there = distribution(name)
        except PackageNotFoundError:
            raise BenchError(f"{name} is not installed") from None
        for part in {file.parts[0] for file in there.files or ()} - {"..", "__pycache__"}:
            (packages / part).symlink_to(str(there.locate_file(part)))
    return directory / "bin" / "python"
