"""Fuzzes every reader of what others send or leave, guided by the code that an input reaches.

The readers are the files of ``bench/readers/``. A reader may raise only what its contract names,
has to end within a second, and holds no more than 64 MiB. What breaks that is printed; ``--keep``
adds it to ``bench/corpus/``, which a test replays, together with inputs that reach more of the
code than those that are there. It needs atheris, which has wheels for CPython 3.11 to 3.13 on
Linux on x86-64 alone.
"""

import argparse
import base64
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench import readers
from bench.kit.processes import ROOT, BenchError
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base.options import whole

SUMMARY = "Whether readers keep their promise for any bytes"

KEPT_BYTES: Final = 12_000
KEPT_FILES: Final = 24
"""How much of corpus is kept of a reader, beside what broke it."""

_LARGEST: Final = 4_096
_TIMEOUT_S: Final = 5  # of wall time: the machine may be busy; the replay judges by CPU
_RSS_MIB: Final = 1_024  # with the instrumented product and the engine in it
_PATIENCE_S: Final = 120
_SHOWN: Final = 3_000
_SEED, _REACHES = "seed-", "reaches-"
_ARTIFACTS: Final = ("crash-", "timeout-", "oom-")
_RUNS: Final = re.compile(r"^#(\d+)\s+(?:DONE|pulse|NEW|REDUCE|INITED|RELOAD)", re.MULTILINE)
_REACHED: Final = re.compile(r"ft: (\d+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help=f"readers to fuzz; all without any: {', '.join(readers.names())}",
    )
    parser.add_argument(
        "--seconds", type=whole(1, 1_000_000), default=20, help="for each (%(default)s)"
    )
    parser.add_argument("--keep", action="store_true", help="add to bench/corpus/ what is new")


def run(options: argparse.Namespace) -> Result:
    """Fuzz the readers, one after the other."""
    known = readers.names()
    for name in options.targets:
        if name not in known:
            raise BenchError(f"expected one of {', '.join(known)}, got {name}")
    if find_spec("atheris") is None:
        raise BenchError(
            "skipped, atheris is not installed: it has wheels for CPython 3.11 to 3.13 on Linux on "
            "x86-64 alone; tests/bench/test_fuzz.py replays the corpus everywhere"
        )
    rows = [_row(name, options) for name in options.targets or known]
    worst = sum(int(row["broken"] or 0) for row in rows)
    if worst:
        raise BenchError(f"{worst} readers broke their promise: see above")
    conditions = {"seconds": options.seconds}
    return Result(rows, conditions, [Goal("broken", 0, str(row["side"])) for row in rows])


def _row(name: str, options: argparse.Namespace) -> Row:
    with tempfile.TemporaryDirectory(prefix="bench-fuzz-") as folder:
        found, artifacts = Path(folder, "corpus"), Path(folder, "broken")
        found.mkdir()
        artifacts.mkdir()
        for number, seed in enumerate(readers.named(name).seeds()):
            found.joinpath(f"{_SEED}{number}").write_bytes(seed)
        for path in readers.kept(name):
            found.joinpath(path.name).write_bytes(path.read_bytes())
        said = _fuzzed(name, options.seconds, found, artifacts)
        runs = max((int(each) for each in _RUNS.findall(said)), default=0)
        reached = max((int(each) for each in _REACHED.findall(said)), default=0)
        broken = [path for path in artifacts.iterdir() if path.name.startswith(_ARTIFACTS)]
        is_broken = [_tell(name, path.read_bytes(), said, keep=options.keep) for path in broken]
        if options.keep:
            _keep(name, found)
    progress(f"{name}: {runs:,} inputs, {reached:,} features of the code")
    return {"side": name, "runs": runs, "features": reached, "broken": sum(is_broken)}


def _fuzzed(name: str, seconds: int, found: Path, artifacts: Path) -> str:
    command = [
        *(sys.executable, "-m", "bench.kit.fuzzing", name),
        f"-max_total_time={seconds}",
        f"-max_len={_LARGEST}",
        f"-timeout={_TIMEOUT_S}",
        f"-rss_limit_mb={_RSS_MIB}",
        f"-artifact_prefix={artifacts}/",
        "-print_final_stats=0",
        str(found),
    ]
    try:
        ran = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            timeout=seconds + _PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{name}: the fuzzer did not end") from None
    said = (ran.stdout + ran.stderr).decode(errors="replace")
    if ran.returncode and not any(artifacts.iterdir()):
        raise BenchError(f"{name}: the fuzzer ended with {ran.returncode}: {said[-_SHOWN:]}")
    return said


def _tell(name: str, data: bytes, said: str, *, keep: bool) -> bool:
    """Print what broke a reader; return False if it does so only on a busy machine."""
    try:
        readers.check(readers.named(name), data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it was not promised
        why = f"{type(error).__name__}: {error}"
    else:
        if "Uncaught Python exception" not in said:
            return False
        why = "an exception, but not when it is read again"
    start = said.find("Uncaught Python exception")
    shown = said[start : start + _SHOWN].partition("\nINFO:")[0] if start >= 0 else ""
    progress(f"{name}: BROKEN by {why}\n{base64.b64encode(data[:_LARGEST]).decode()}\n{shown}")
    if keep:
        _write(name, data, "broken-")
    return True


def _keep(name: str, found: Path) -> None:
    """Keep some of the inputs, of each size, of which each reached what none before it did."""
    new = [path for path in found.iterdir() if not path.name.startswith(_SEED)]
    inputs = sorted({path.read_bytes() for path in new}, key=lambda data: (len(data), data))
    for path in readers.kept(name):
        if path.name.startswith(_REACHES):
            path.unlink()
    size = 0
    for data in inputs[:: 1 + len(inputs) // KEPT_FILES]:
        size += len(data)
        if size > KEPT_BYTES:
            break
        _write(name, data, _REACHES)


def _write(name: str, data: bytes, what: str) -> None:
    folder = readers.CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(f"{what}{sha256(data).hexdigest()[:12]}").write_bytes(data)
