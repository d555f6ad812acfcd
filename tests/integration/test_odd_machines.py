"""Machines as they come: names of any bytes, and a kernel that says nothing, or never answers."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.odd_machine import NOT_HERE, Odd
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from venuewatch.base import clock

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has a machine of its own"),
]

HOST = "STA-1"
EACH_SECOND = "[heartbeat]\ninterval_s = 0.2\nvitals_every_s = 1"
SCRIPT = Path(__file__).with_name("odd_machine.py")
STOPPED_WITHIN_S = 2.0
DISK_BYTES = 4 * 1024 * 1024
NODENAMES = {
    "Latin-1": (b"caf\xe9-01", "caf\ufffd-01"),
    "no text at all": (b"\xff" * 64, "\ufffd" * 64),
    "quotes and a line end": (b'say "no"\n', 'say "no"\n'),
}


@contextmanager
def agent_on(odd: Odd, folder: Path, broker: Mosquitto) -> Iterator[Agent]:
    """Run an agent on a machine that is odd; skip the test where there can be none."""
    agent = Agent(folder, broker.port, HOST, broker=EACH_SECOND)
    agent.run_through("-I", str(SCRIPT), json.dumps(odd._asdict()))
    with agent:
        until("it begins", lambda: agent.events("agent_started") or not agent.is_running)
        if not agent.is_running and agent.wait() == NOT_HERE:
            pytest.skip(agent.said())
        yield agent


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return a block device, and a folder on which it can be mounted."""
    if not Path("/dev/fuse").exists() or "fuseblk" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no fuseblk")
    (tmp_path / "disk").write_bytes(bytes(DISK_BYTES))
    (tmp_path / "mounted").mkdir()
    command = ["losetup", "--find", "--show", str(tmp_path / "disk")]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"there is no loop device: {made.stderr.strip()}")
    yield made.stdout.strip(), str(tmp_path / "mounted")
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def successes(aggregator: Aggregator) -> dict[str, float]:
    found = aggregator.page().of("node_scrape_collector_success", host=HOST)
    return {labels["collector"]: value for labels, value in found}


def fails(aggregator: Aggregator) -> set[str]:
    """Name the collectors that fail; the others succeed."""
    return {name for name, success in successes(aggregator).items() if not success}


@pytest.mark.parametrize(("raw", "told"), NODENAMES.values(), ids=NODENAMES)
def test_machine_with_a_name_of_any_bytes_is_heard_and_introduced(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, raw: bytes, told: str
) -> None:
    with agent_on(Odd(nodename=raw.hex()), tmp_path, broker):
        until("it is introduced", lambda: aggregator.page().of("node_uname_info", host=HOST))

        page = aggregator.page()

    ((labels, _),) = page.of("node_uname_info", host=HOST)
    assert labels["nodename"] == told
    assert page.value("venuewatch_host_up", host=HOST) == 1.0


def test_disk_that_hangs_costs_its_collector_only(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, disk: tuple[str, str]
) -> None:
    with agent_on(Odd(hung_disk=disk), tmp_path, broker) as agent:
        until("it is told", lambda: fails(aggregator) == {"filesystem"})
        begin = time_of(aggregator)
        until("vitals go on", lambda: time_of(aggregator) > begin + 2.0)
        assert fails(aggregator) == {"filesystem"}
        assert aggregator.page().value("venuewatch_host_up", host=HOST) == 1.0
        assert threads(aggregator) <= 6.0  # loop, log, spool, socket, the one that hangs, another
        (hung,) = agent.events("collectors_hang")
        assert hung["names"] == "filesystem"

        agent.signal(signal.SIGUSR1)

        until("it is told", lambda: not fails(aggregator))
        labels = {"host": HOST, "mountpoint": disk[1]}
        until("the disk fails", lambda: error_of(aggregator, **labels) == [1.0])


def test_agent_beside_a_disk_that_hangs_stops_at_once(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, disk: tuple[str, str]
) -> None:
    with agent_on(Odd(hung_disk=disk), tmp_path, broker) as agent:
        until("it is told", lambda: fails(aggregator) == {"filesystem"})
        begin = clock.monotonic()

        assert agent.stop() == 0

        assert clock.monotonic() - begin <= STOPPED_WITHIN_S


@pytest.mark.parametrize(
    ("file", "collector"),
    [("/proc/loadavg", "loadavg"), ("/proc/diskstats", "diskstats"), ("/proc/vmstat", "vmstat")],
)
def test_file_of_the_kernel_that_hangs_costs_its_collector_only(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, file: str, collector: str
) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it waits for one that writes

    with agent_on(Odd(binds={file: str(tmp_path / "pipe")}), tmp_path, broker):
        until("it is told", lambda: fails(aggregator) == {collector})
        begin = time_of(aggregator)
        until("vitals go on", lambda: time_of(aggregator) > begin + 2.0)

        assert fails(aggregator) == {collector}
        assert aggregator.page().value("venuewatch_host_up", host=HOST) == 1.0


@pytest.mark.parametrize("content", [b"", b"\xff\x00 garbage \xe9\n" * 1_000], ids=["empty", "odd"])
def test_kernel_that_says_nothing_of_use_stops_no_beat(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, content: bytes
) -> None:
    (tmp_path / "odd").write_bytes(content)
    names = ("stat", "meminfo", "diskstats", "loadavg", "vmstat", "sys/kernel/domainname")
    binds = {f"/proc/{name}": str(tmp_path / "odd") for name in names}

    with agent_on(Odd(binds=binds), tmp_path, broker):
        until("it is introduced", lambda: aggregator.page().of("node_uname_info", host=HOST))
        until("there are vitals", lambda: successes(aggregator))
        begin = time_of(aggregator)
        until("vitals go on", lambda: time_of(aggregator) > begin + 2.0)

        assert aggregator.page().value("venuewatch_host_up", host=HOST) == 1.0


def test_file_of_the_kernel_without_an_end_costs_its_collector_only(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    with agent_on(Odd(binds={"/proc/vmstat": "/dev/zero"}), tmp_path, broker):
        until("it is told", lambda: fails(aggregator) == {"vmstat"})
        begin = time_of(aggregator)
        until("vitals go on", lambda: time_of(aggregator) > begin + 2.0)

        resident = "venuewatch_agent_resident_memory_bytes"
        assert aggregator.page().value(resident, host=HOST) < 64 * 1024 * 1024


def time_of(aggregator: Aggregator) -> float:
    return sum(value for _, value in aggregator.page().of("node_time_seconds", host=HOST))


def threads(aggregator: Aggregator) -> float:
    return aggregator.page().value("venuewatch_agent_threads", host=HOST)


def error_of(aggregator: Aggregator, **labels: str) -> list[float]:
    found = aggregator.page().of("node_filesystem_device_error", **labels)
    return [value for _, value in found]
