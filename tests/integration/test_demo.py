"""``venuewatch demo``: the whole chain, and nothing left when it ends."""

import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.real import Process, until
from venuewatch import __version__
from venuewatch.rehearsal.live.pages import Page

pytestmark = pytest.mark.real

ALL_HOSTS = 256


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    command = (sys.executable, "-I", "-m", "venuewatch.cli", "demo", "--port", "0")
    with Process(tmp_path, "demo", *command) as running:
        yield running


def metrics(demo: Process) -> Page:
    address = re.search(r"http://\S+/metrics", demo.said())
    if address is None:
        return Page(b"")
    try:
        with urllib.request.urlopen(address[0]) as answer:  # noqa: S310 - matched as http
            return Page(answer.read())
    except urllib.error.URLError:
        return Page(b"")


def up(demo: Process) -> int:
    return sum(value == 1 for _, value in metrics(demo).of("venuewatch_host_up"))


def test_every_host_is_up_and_this_machine_agrees_with_psutil(demo: Process) -> None:
    until("all are up", lambda: up(demo) == ALL_HOSTS)
    page = until(
        "vitals are there", lambda: page if "node_load1" in (page := metrics(demo)).names else None
    )

    assert len({labels["venue"] for labels, _ in page.of("venuewatch_host_up")}) == 39
    assert page.value("node_memory_MemTotal_bytes") == psutil.virtual_memory().total
    assert page.value("node_boot_time_seconds") == pytest.approx(psutil.boot_time(), abs=1.0)
    cpus = {labels["cpu"] for labels, _ in page.of("node_cpu_seconds_total")}
    assert len(cpus) == psutil.cpu_count()
    versions = {labels["agent_version"] for labels, _ in page.of("venuewatch_agent_info")}
    assert versions == {__version__}


def test_it_listens_on_this_machine_only(demo: Process) -> None:
    until("a host is up", lambda: up(demo))
    running = psutil.Process(demo.pid)

    ours = [running, *running.children(recursive=True)]
    listening = {
        each.laddr.ip
        for process in ours
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_an_interrupt_leaves_no_process_and_no_file(
    demo: Process, tmp_path: Path, number: int, code: int
) -> None:
    until("a host is up", lambda: up(demo))
    children = psutil.Process(demo.pid).children(recursive=True)

    demo.signal(number)

    assert demo.wait() == code
    assert len(children) == 3
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "Traceback" not in demo.said()


def test_a_killed_demo_takes_its_processes_with_it(demo: Process) -> None:
    until("a host is up", lambda: up(demo))
    children = psutil.Process(demo.pid).children(recursive=True)

    demo.kill()

    assert len(children) == 3
    assert psutil.wait_procs(children, timeout=10)[1] == []
