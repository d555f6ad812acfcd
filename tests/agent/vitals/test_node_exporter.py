"""Debian's node_exporter and our collectors on one machine, and on one frozen copy of it."""

import runpy
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from math import isclose
from pathlib import Path
from typing import TypeAlias

import msgspec
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent import config, identity
from agent.vitals import found, gather
from bench.kit.processes import free_port
from tests.agent.vitals import machines
from tests.integration.real import Process, program, until
from venuewatch.base.clock import monotonic
from venuewatch.base.wire.readings import Readings, families_of

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not psutil.LINUX, reason="node_exporter reads /proc here"),
]

WHY_LACKING: dict[str, str] = runpy.run_path(
    str(Path(__file__).parents[3] / "docs" / "make_metrics.py")
)["lacking"]()
MEANWHILE = 0.02  # of a gauge of memory or disks: others write
ON_ITS_WAY = {  # to a disk or a socket: it comes and goes, to nothing and back, by others' work
    "node_memory_Dirty_bytes": 2.0**30,
    "node_memory_Writeback_bytes": 2.0**30,
    "node_memory_WritebackTmp_bytes": 2.0**30,
    "node_disk_io_now": 50.0,
    "node_sockstat_TCP_mem": 2.0**20,  # pages
    "node_sockstat_TCP_mem_bytes": 2.0**32,
    "node_sockstat_UDP_mem": 2.0**20,
    "node_sockstat_UDP_mem_bytes": 2.0**32,
}

UPSTREAM = [  # what node_exporter does but for Debian's changes, and in its next major version
    "--collector.netdev.device-exclude=",
    "--collector.netclass.ignore-invalid-speed",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
]
NEWER_THAN_DEBIAN = {
    "node_netstat_TcpExt_TCPOFOQueue",
    "node_netstat_TcpExt_TCPRcvQDrop",
    "node_pressure_irq_stalled_seconds_total",
}
FLEETING = ("node_procs_", "node_processes_", "node_sockstat_", "node_netstat_", "node_filefd_")
STEPPED_BACK_S = 1.0  # as far as idle or iowait may go back, which we do not tell
COMING_AND_GOING = 50  # of processes, sockets and their packets, on a machine that tests
OPTIONAL = {"node_processes_pids"}  # of a collector that node_exporter has off
NOT_FROZEN = ("node_time_", "node_timex_", "node_filesystem_")  # asked of the kernel, not of a file

Series: TypeAlias = dict[tuple[str, frozenset[tuple[str, str]]], tuple[str, float]]
"""Type and value, by name and labels."""


@contextmanager
def node_exporter(folder: Path, *options: str) -> Iterator[Callable[[], Series]]:
    port = free_port()
    command = [program("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}"]
    with Process(folder, "node_exporter", *command, *UPSTREAM, *options):
        yield lambda: until("it answers", lambda: told(port))


def told(port: int) -> Series:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return {}
    return {
        (sample.name, frozenset(sample.labels.items())): (family.type, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("node_")
    }


def gathered() -> Series:
    readings = msgspec.structs.asdict(gather(found(), monotonic))
    series: Series = {}
    for family in families_of(Readings):
        value = readings[family.name]
        kind = family.kind.replace("untyped", "unknown")  # the parser's word for it
        rows = value if isinstance(value, list) else [] if value is None else [(value,)]
        for *texts, number in rows:
            labels = frozenset(zip(family.labels, texts, strict=True))
            series[family.name, labels] = kind, float(number)  # as Prometheus has it
    return {
        (name, labels): known
        for (name, labels), known in series.items()
        if name.startswith("node_") and not name.startswith("node_scrape_")
    }


@pytest.fixture(params=["this machine", "an old machine"])
def frozen(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "this machine":
        machines.copy_this(tmp_path)
    else:
        machines.write(tmp_path, machines.OLD)
    machines.look_at(monkeypatch, tmp_path)
    return tmp_path


def test_on_a_frozen_machine_every_shared_series_is_equal(frozen: Path) -> None:
    roots = f"--path.procfs={frozen / 'proc'}", f"--path.sysfs={frozen / 'sys'}"
    with node_exporter(frozen, *roots, "--no-collector.netdev.netlink") as ask:
        theirs = ask()

    ours = gathered()

    alike = {key: known for key, known in ours.items() if not key[0].startswith(NOT_FROZEN)}
    lacking = {name for name, _ in alike.keys() - theirs.keys()}
    assert lacking <= NEWER_THAN_DEBIAN | OPTIONAL
    differing = [
        (key, known, theirs[key])
        for key, known in alike.items()
        if key in theirs
        and not (known[0] == theirs[key][0] and isclose(known[1], theirs[key][1], rel_tol=1e-12))
    ]
    assert differing == []
    assert len(alike) > 150


def test_on_the_living_machine_every_shared_series_agrees(tmp_path: Path) -> None:
    with node_exporter(tmp_path, "--collector.processes") as ask:
        before = ask()
        ours = gathered()
        after = ask()

    lacking = {name for name, _ in ours.keys() - after.keys()}
    assert lacking <= NEWER_THAN_DEBIAN
    differing = [
        (key, before[key], known, after[key])
        for key, known in ours.items()
        if key in before and key in after and not agrees(key[0], before[key], known, after[key])
    ]
    assert differing == []


def agrees(
    name: str, before: tuple[str, float], known: tuple[str, float], after: tuple[str, float]
) -> bool:
    """Tell whether a value lies between two of node_exporter's, or near them where it may fall."""
    (kind, low), (our_kind, value), (_, high) = before, known, after
    if kind != our_kind:
        return False
    if name in ON_ITS_WAY:
        room = ON_ITS_WAY[name]
    elif name.startswith(("node_memory_", "node_filesystem_", "node_disk_", "node_load")):
        room = MEANWHILE * max(abs(low), abs(high)) + 0.1
    elif name.startswith(FLEETING):
        room = COMING_AND_GOING
    elif name == "node_cpu_seconds_total":
        room = STEPPED_BACK_S
    else:
        room = 1e-6 if kind == "counter" else 0.001
    return min(low, high) - room <= value <= max(low, high) + room


def test_what_is_lacking_is_said_with_a_reason(tmp_path: Path) -> None:
    with node_exporter(tmp_path) as ask:
        theirs = {name for name, _ in ask()}

    lacking = theirs - set(Readings.__struct_fields__) - {"node_uname_info"}
    unsaid = [name for name in lacking if not any(fnmatch(name, known) for known in WHY_LACKING)]
    assert sorted(unsaid) == []


def test_the_systems_names_are_equal(tmp_path: Path) -> None:
    text = 'venue = "STA"\nhost = "STA-1"\n[broker]\naddress = "127.0.0.1"\n'
    (tmp_path / "agent.toml").write_text(text)
    settings = config.read(tmp_path / "agent.toml")
    birth = identity.birth(settings, boot="b0", session=1, address="", stock_tcp=False)

    with node_exporter(tmp_path) as ask:
        (theirs,) = (dict(labels) for name, labels in ask() if name == "node_uname_info")

    assert theirs == {name: getattr(birth, name) for name in theirs}
    assert "domainname" in theirs
