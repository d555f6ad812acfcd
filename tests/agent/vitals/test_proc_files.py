"""Small files of /proc: what each says, and that nothing in them breaks its parser."""

import errno
import os
from collections.abc import Callable
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vitals import (
    _files,
    agent,
    conntrack,
    diskstats,
    filefd,
    filesystem,
    loadavg,
    mdadm,
    meminfo,
    netdev,
    netstat,
    pressure,
    processes,
    sockstat,
    stat,
    time,
    timex,
    vmstat,
)
from tests.agent.vitals import machines
from venuewatch.base.clock import wall
from venuewatch.base.wire.readings import Readings

COMING_AND_GOING = 50
PRESSURE = b"some avg10=0.00 avg60=0.00 avg300=1.25 total=2345678\n"
PRESSURE += b"full avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n"

Parser = Callable[[bytes], object]


def of_mounts(mountinfo: bytes) -> dict[str, object]:
    filesystem.told(filesystem.parsed(mountinfo), frozenset({"ext4"}))
    filesystem.on_disk_types(mountinfo)
    return {}


def of_stat(text: bytes) -> dict[str, object]:
    by_cpu, families = stat.parsed(text, 100)
    return {**families, "cpu": [seconds for modes in by_cpu.values() for seconds in modes.items()]}


def of_arrays(mdstat: bytes) -> dict[str, object]:
    return {array.name: [array[2:]] for array in mdadm.parsed(mdstat)}


PARSERS: dict[str, Parser] = {
    "diskstats": diskstats.parsed,
    "file-nr": filefd.parsed,
    "loadavg": loadavg.parsed,
    "mdstat": of_arrays,
    "meminfo": meminfo.parsed,
    "mountinfo": of_mounts,
    "net/dev": netdev.parsed,
    "netstat": netstat.parsed,
    "snmp6": netstat.parsed_of_ipv6,
    "pressure": partial(pressure.parsed, "io"),
    "sockstat": partial(sockstat.parsed, page_bytes=4096),
    "stat": of_stat,
    "timex": partial(timex.parsed, 0),
    "vmstat": vmstat.parsed,
}
every_parser = pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
REAL = [text.encode() for name, text in machines.OLD.items() if name.startswith("proc/")]
REAL.append(PRESSURE)


def damaged(text: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, put in cuts:
        at = start % (len(text) + 1)
        text = text[:at] + put + text[at + length :]
    return text


def numbers_of(families: object) -> list[float]:
    values = cast("dict[str, Any]", families).values()
    rows = [value if isinstance(value, list) else [(value,)] for value in values]
    return [row[-1] for found in rows for row in found]


@every_parser
@given(
    st.sampled_from(REAL),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 60), st.binary(max_size=25))),
)
def test_damaged_content_breaks_no_parser_and_gives_finite_numbers(
    parse: Parser, text: bytes, cuts: list[tuple[int, int, bytes]]
) -> None:
    numbers = numbers_of(parse(damaged(text, cuts)))

    assert all(isfinite(number) and number < 2**80 for number in numbers)


@pytest.mark.parametrize("parse", [PARSERS[name] for name in PARSERS if name != "timex"])
@pytest.mark.parametrize("text", [b"", b"\n", b" \n \n", b"\0", b": \n", b"9" * 5_000, b"\xff"])
def test_content_that_says_nothing_gives_nothing(parse: Parser, text: bytes) -> None:
    assert numbers_of(parse(text)) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"0", 0),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", None),
        (b"-1", None),
        (b"1.5", None),
        (b"1_0", None),
        ("\u00b2".encode(), None),
        (b"", None),
        (b"9" * 5_000, None),
    ],
)
def test_a_count_is_digits_of_64_bits_at_most(text: bytes, number: int | None) -> None:
    assert _files.count(text) == number
    assert _files.counts([b"7", text]) == [7, number]


def test_a_file_of_many_pages_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 300_000)

    assert _files.content(str(tmp_path / "file")) == b"x" * 300_000


def test_a_file_that_is_read_leaves_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    before = os.dup(0)
    os.close(before)

    _files.content(str(tmp_path / "file"))
    assert _files.proc_if_any("no/such/file") == b""

    after = os.dup(0)
    os.close(after)
    assert after == before


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO])
def test_a_file_that_is_there_and_can_not_be_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(OSError, match=os.strerror(number)):
        _files.proc_if_any("vmstat")


def test_vmstat_has_node_exporters_fields_and_an_old_kernel_fewer() -> None:
    families = vmstat.parsed(machines.VMSTAT.encode())

    assert families["node_vmstat_pgmajfault"] == 507_162
    assert families["node_vmstat_pswpout"] == 35_045
    assert "node_vmstat_oom_kill" not in families
    assert vmstat.parsed(b"oom_kill 3\n") == {"node_vmstat_oom_kill": 3}


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("cpu", {"cpu_waiting": 2.345678}),
        ("io", {"io_waiting": 2.345678, "io_stalled": 0.001}),
        ("irq", {"irq_stalled": 0.001}),
        ("memory", {"memory_waiting": 2.345678, "memory_stalled": 0.001}),
    ],
)
def test_pressure_is_seconds(resource: str, told: dict[str, float]) -> None:
    families = pressure.parsed(resource, PRESSURE)

    assert families == {f"node_pressure_{kind}_seconds_total": at for kind, at in told.items()}


def test_open_files_are_told_with_their_limit() -> None:
    families = filefd.parsed(b"1024\t0\t9223372036854775807\n")

    assert families == {
        "node_filefd_allocated": 1024,
        "node_filefd_maximum": 9_223_372_036_854_775_807,
    }


def test_sockets_have_their_memory_in_pages_and_in_bytes() -> None:
    families = sockstat.parsed(machines.SOCKSTAT.encode(), page_bytes=4096)

    assert {name.removeprefix("node_sockstat_"): at for name, at in families.items()} == {
        "sockets_used": 229,
        "TCP_inuse": 4,
        "TCP_orphan": 1,
        "TCP_tw": 4,
        "TCP_alloc": 17,
        "TCP_mem": 2,
        "TCP_mem_bytes": 8192,
        "UDP_inuse": 3,
        "UDP_mem": 5,
        "UDP_mem_bytes": 20_480,
        "FRAG_inuse": 0,
        "FRAG_memory": 7,
    }


def test_protocols_have_the_fields_that_node_exporter_chose() -> None:
    families = netstat.parsed(machines.SNMP.encode()) | netstat.parsed(machines.NETSTAT.encode())

    udp = "InDatagrams InErrors NoPorts OutDatagrams RcvbufErrors SndbufErrors"
    tcp = "ActiveOpens CurrEstab InErrs InSegs OutRsts OutSegs PassiveOpens RetransSegs"
    tcp_more = "SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans"
    chosen = {
        "Ip": "Forwarding",
        "IpExt": "InOctets OutOctets",
        "Icmp": "InErrors InMsgs OutMsgs",
        "Tcp": tcp,
        "TcpExt": tcp_more,
        "Udp": udp,
        "UdpLite": "InErrors",
    }
    assert families.keys() == {
        f"node_netstat_{protocol}_{field}"
        for protocol, fields in chosen.items()
        for field in fields.split()
    }
    assert families["node_netstat_Tcp_CurrEstab"] == 13
    assert families["node_netstat_TcpExt_TCPTimeouts"] == 115
    assert families["node_netstat_IpExt_OutOctets"] == 2_786_264_347


def test_a_protocol_with_a_value_too_few_is_left_out() -> None:
    families = netstat.parsed(b"Ip: Forwarding DefaultTTL\nIp: 1\nUdp: InErrors\nUdp: 7\n")

    assert families == {"node_netstat_Udp_InErrors": 7}


def test_names_and_values_of_two_protocols_are_not_mixed() -> None:
    assert netstat.parsed(b"Udp: InErrors\nUdpLite: 7\n") == {}


def test_protocols_of_ipv6_stand_apart() -> None:
    families = netstat.parsed_of_ipv6(machines.SNMP6.encode())

    assert families["node_netstat_Ip6_InOctets"] == 460
    assert families["node_netstat_UdpLite6_InErrors"] == 2
    assert "node_netstat_Udp6_NoPorts" not in families


@pytest.mark.skipif(not psutil.LINUX, reason="other systems have no such files")
@pytest.mark.parametrize("collector", [conntrack, filefd, netstat, pressure, sockstat, vmstat])
def test_a_kernel_without_the_file_has_no_family(
    monkeypatch: pytest.MonkeyPatch, collector: object
) -> None:
    monkeypatch.setattr(_files, "PROC", "/no/such/place")

    assert collector.read() == {}  # type: ignore[attr-defined]


def test_tracked_connections_are_told_with_their_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.write(tmp_path, machines.OLD)
    machines.look_at(monkeypatch, tmp_path)

    assert conntrack.read() == {
        "node_nf_conntrack_entries": 123,
        "node_nf_conntrack_entries_limit": 65_536,
    }


def test_every_field_of_the_kernels_has_a_name_in_the_catalogue() -> None:
    families = meminfo.parsed(machines.MEMINFO.encode()) | vmstat.parsed(machines.VMSTAT.encode())

    assert families.keys() <= set(Readings.__struct_fields__)


def test_the_averages_are_those_of_the_file() -> None:
    families = loadavg.parsed(b"0.11 12.00 3.46 1/719 19737\n")

    assert families == {"node_load1": 0.11, "node_load5": 12.0, "node_load15": 3.46}


def test_elsewhere_the_averages_have_two_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.11376953125, 12.0, 3.456))

    assert loadavg.read() == {"node_load1": 0.11, "node_load5": 12.0, "node_load15": 3.46}


def test_the_time_is_seconds_since_1970() -> None:
    before = wall()

    families = time.read()

    assert before - 0.001 <= float(str(families["node_time_seconds"])) <= wall() + 0.001


def test_the_boot_time_is_psutils() -> None:
    assert abs(float(str(stat.read()["node_boot_time_seconds"])) - psutil.boot_time()) <= 1


def test_processes_are_psutils_give_or_take_what_starts_and_ends_meanwhile() -> None:
    before = len(psutil.pids())

    count = cast("int", processes.read()["node_processes_pids"])

    assert abs(count - before) <= COMING_AND_GOING
    assert count >= 1


def test_the_agents_own_cost_is_what_psutil_says() -> None:
    process = psutil.Process()
    before = sum(process.cpu_times()[:2])

    families = agent.read()

    resident = cast("int", families["venuewatch_agent_resident_memory_bytes"])
    assert resident == pytest.approx(process.memory_info().rss, rel=0.1)
    spent = cast("float", families["venuewatch_agent_cpu_seconds_total"])
    assert before - 0.02 <= spent <= sum(process.cpu_times()[:2]) + 0.02


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no endless file")
def test_file_without_an_end_can_not_be_read() -> None:
    with pytest.raises(OSError, match="File too large"):
        _files.content("/dev/zero")
