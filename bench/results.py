"""Measures what a results feed costs: a message, a look at a folder, and 25 messages a second.

``ours`` is the reader of the feed check, on messages in memory: the header is kept, and the body is
checked to be well-formed. Plain expat parses the same bytes and tells nothing of them; ElementTree
is what most programs use. Then real agents, with defaults, get messages for six minutes as files
and as pushes, with a real Mosquitto and the real aggregator; what an agent takes without any is
taken off. ``plain`` is the plainest program in Python that gets the same messages, of which it
keeps nothing: a loop over a folder, and Python's own HTTP server. ``against_expat`` and
``against_plain`` compare CPU time in the same run: machines are not equally fast. ``memory_mib`` is
the most that is held while a message is read, without its bytes.
"""

import argparse
import contextlib
import os
import tempfile
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import TypeAlias
from xml.parsers import expat

from agent.checks.feed import Check, Config
from agent.checks.results_feed.messages import read
from bench.kit import processes
from bench.kit.documents import Document, Source, into
from bench.kit.feeds import FILES, OURS, PLAIN, PUSHES, Flow, measured
from bench.kit.processes import BenchError
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import number, whole

SUMMARY = "CPU and memory of a results feed: a message, a folder, and 25 messages a second"

_MIB = 1024 * 1024
_LARGE = "10 MiB"
SIZES = {"2 kB": 2_000, "20 kB": 20_000, "200 kB": 200_000, _LARGE: 10 * _MIB}
_CPU_S_PER_MIN = {"2 kB": 0.15, "20 kB": 0.30}

_EXPAT, _TREE = "plain expat", "ElementTree"
_SCAN, _SCANDIR = "ours, known files", "os.scandir and stat"
_AT_ONCE_BYTES = 400_000  # read in a row, of small messages
_LARGE_EVERY_S = 20.0
GOALS = (
    Goal("against_expat", 3.0, f"{OURS}, 2 kB"),
    Goal("against_expat", 2.0, f"{OURS}, 20 kB"),
    Goal("cpu_ms", 38.0, _SCAN),
    *(
        Goal("cpu_over_idle_s_per_min", at_most, f"{OURS}, {FILES}, {size}")
        for size, at_most in _CPU_S_PER_MIN.items()
    ),
    *(Goal("against_plain", 2.0, f"{OURS}, {PUSHES}, {size}") for size in _CPU_S_PER_MIN),
    *(
        Goal(key, 0.0, f"{OURS}, {way}, {size}")
        for key in ("unheard", "looks_not_flowing")
        for size in (*_CPU_S_PER_MIN, _LARGE)
        for way in (FILES, PUSHES)
    ),
    *(Goal("peak_over_idle_mib", 12.0, f"{OURS}, {way}, {_LARGE}") for way in (FILES, PUSHES)),
)

_Parse: TypeAlias = Callable[[bytes], object]


def _plain(content: bytes) -> None:
    expat.ParserCreate().Parse(content, True)  # noqa: FBT003 - its only argument


_PARSERS: dict[str, _Parse] = {
    OURS: lambda content: read(content, len(content)),
    _EXPAT: _plain,
    _TREE: ET.fromstring,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=number(up_to=1e6), default=360.0, help="of messages (%(default)g)"
    )
    parser.add_argument(
        "--rate", type=number(up_to=1e4), default=25.0, help="messages a second (%(default)g)"
    )
    parser.add_argument(
        "--every",
        type=number(up_to=86_400.0),
        default=30.0,
        metavar="SECONDS",
        help="between two readings of a feed (%(default)g)",
    )
    parser.add_argument(
        "--rounds", type=whole(1, 10_000), default=20, help="of each reader (%(default)s)"
    )
    parser.add_argument(
        "--files", type=whole(1, 50_000), default=9_000, help="of a folder (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure readers, a folder, and then agents.

    Raises:
        BenchError: the broker, an agent or the aggregator does not start.
    """
    documents = {name: Document(size) for name, size in SIZES.items()}
    rows = [
        row
        for name, document in documents.items()
        for row in readers(name, document.content(1, clock.wall()), options.rounds)
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as kept:
        rows += looks(Path(kept), options.files, options.rounds)
    flows = [Flow(way) for way in (FILES, PUSHES)] + [
        Flow(way, name, documents[name], _LARGE_EVERY_S if name == _LARGE else 1 / options.rate)
        for name in (*_CPU_S_PER_MIN, _LARGE)
        for way in (FILES, PUSHES)
    ]
    began, busy_s = clock.monotonic(), processes.busy_s()
    with tempfile.TemporaryDirectory(prefix="bench-") as kept:
        of_agents = measured(
            Path(kept), flows, seconds=options.seconds, reading_every_s=options.every
        )
    busy_cores = (processes.busy_s() - busy_s) / (clock.monotonic() - began)
    _compare(of_agents)
    conditions = {name: getattr(options, name) for name in ("seconds", "rate", "rounds", "files")}
    conditions |= {"reading_every_s": options.every, "large_every_s": _LARGE_EVERY_S}
    conditions |= {"machine_busy_cores": round(busy_cores, 2), "expat": expat.EXPAT_VERSION}
    return Result(rows + of_agents, conditions, GOALS)


def _compare(rows: Sequence[Row]) -> None:
    """Add to our rows what a message costs against the same one read plainly."""
    costs = {row["side"]: row.get("us_a_message") for row in rows}
    for row in rows:
        who, _, what = str(row["side"]).partition(", ")
        us, its = costs[row["side"]], costs.get(f"{PLAIN}, {what}")
        if who == OURS and isinstance(us, float) and isinstance(its, float) and its > 0.0:
            row["against_plain"] = round(us / its, 2)


def readers(name: str, content: bytes, rounds: int) -> Iterator[Row]:
    """Yield a row for each parser of one document; they take turns."""
    least = dict.fromkeys(_PARSERS, float("inf"))
    for _ in range(rounds):
        for side, parse in _PARSERS.items():
            for _ in range(1 + _AT_ONCE_BYTES // len(content)):
                least[side] = min(least[side], _cpu_s(lambda: parse(content)))  # noqa: B023
    progress(f"{name}: " + ", ".join(f"{side} {_us(it):g} us" for side, it in least.items()))
    for side, parse in _PARSERS.items():
        yield {
            "side": f"{side}, {name}",
            "cpu_us": _us(least[side]),
            "cpu_ms_per_mb": round(least[side] * 1e9 / len(content), 2),
            "against_expat": round(least[side] / least[_EXPAT], 2),
            "memory_mib": round(_most_held(lambda: parse(content)) / _MIB, 2),  # noqa: B023
        }


def looks(folder: Path, files: int, rounds: int) -> list[Row]:
    """Return what it takes to find nothing new among so many read files, beside the least."""
    config = Config(name="results", zone="UTC", folder=str(folder))
    source = Source(Document(SIZES["2 kB"]), into(folder))
    with contextlib.closing(Check(config, lambda _name: None)) as check:
        check.read()
        while source.sent < files:
            source.say()
        progress(f"reading {files} files")
        if not processes.wait_for(lambda: check.read().values.results_messages_total == files):
            raise BenchError("a folder is not read in time")
        sides: Mapping[str, Callable[[], object]] = {
            _SCAN: check.read,
            _SCANDIR: lambda: [entry.stat(follow_symlinks=False) for entry in os.scandir(folder)],
        }
    least = {side: min(_cpu_s(look) for _ in range(max(2, rounds))) for side, look in sides.items()}
    return [{"side": side, "cpu_ms": round(spent * 1e3, 2)} for side, spent in least.items()]


def _cpu_s(call: Callable[[], object]) -> float:
    began = process_time()
    call()
    return process_time() - began


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 1)


def _most_held(call: Callable[[], object]) -> int:
    """Return how many bytes are held at most meanwhile."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
