"""Host: one machine's state, vitals, checks, and its agent."""

from aggregator.core.verdicts.clocks import LIMIT_S
from deploy.grafana.assembly import Row, Screen
from deploy.grafana.links import host_links
from deploy.grafana.panels import (
    BITS,
    BUSY,
    BYTES,
    CELSIUS,
    COUNT,
    FULL,
    PER_SECOND,
    RATIO,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    number,
    ranked,
    timeline,
)
from deploy.grafana.states import CHECK as CHECK_STATES
from deploy.grafana.states import HOST as HOST_STATES
from deploy.grafana.states import check_states, host_states
from deploy.grafana.variables import CHECK, CHECKS, HOST, HOSTS, VENUES, VITALS, one, several

NO_LOOP = f'{VITALS},device!="lo"'
MOUNT = "device, fstype, mountpoint"


def vital(metric: str, by: str = "host") -> str:
    """Return the query of a gauge."""
    return f"max by ({by}) ({metric}{{{VITALS}}})"


def rate(metric: str, by: str = "host", selector: str = VITALS) -> str:
    """Return the query of a counter's rate."""
    return f"sum by ({by}) (rate({metric}{{{selector}}}[$__rate_interval]))"


CPU_BUSY = (
    f'1 - avg by (host) (rate(node_cpu_seconds_total{{{VITALS},mode="idle"}}[$__rate_interval]))'
)
MEMORY_USED = (
    f"1 - {vital('node_memory_MemAvailable_bytes')} / {vital('node_memory_MemTotal_bytes')}"
)
DISK_USED = (
    f"1 - {vital('node_filesystem_avail_bytes', MOUNT)}"
    f" / {vital('node_filesystem_size_bytes', MOUNT)}"
)
NODES_USED = (
    f"1 - {vital('node_filesystem_files_free', MOUNT)} / {vital('node_filesystem_files', MOUNT)}"
)

NOW = Row(
    "Now",
    (
        number(
            "State",
            "Down: the host or its agent has failed. Unreachable: its venue is cut off. Away: it "
            "was shut down in order. Late: a heartbeat is due, no alarm yet.",
            Query(host_states(HOST)),
            mapping=HOST_STATES,
            links=host_links(),
        ),
        number(
            "Last heartbeat",
            "Time since the monitor heard this host.",
            Query(
                "time() - max by (host) "
                f"(venuewatch_host_last_heartbeat_timestamp_seconds{{{HOST}}})"
            ),
            unit=SECONDS,
            limits=Limits(3, 10),
        ),
        number(
            "Running for",
            "Time since the machine started.",
            Query(f"{vital('node_time_seconds')} - {vital('node_boot_time_seconds')}"),
            unit=SECONDS,
        ),
        number(
            "CPU",
            "Share of the time of all CPUs in which they did not rest.",
            Query(CPU_BUSY),
            unit=RATIO,
            limits=BUSY,
        ),
        number(
            "Memory",
            "Share of the memory that is not available to programs.",
            Query(MEMORY_USED),
            unit=RATIO,
            limits=BUSY,
        ),
        number(
            "Fullest disk",
            "Used share of the fullest filesystem.",
            Query(f"max({DISK_USED})"),
            unit=RATIO,
            limits=FULL,
        ),
        timeline(
            "State",
            "The state of the host over time.",
            Query(host_states(HOST), "{{host}}"),
            mapping=HOST_STATES,
            height=4,
        ),
        timeline(
            "Checks",
            "The state of each chosen check over time.",
            Query(check_states(CHECK), "{{check}} ({{kind}})"),
            mapping=CHECK_STATES,
            width=14,
        ),
        ranked(
            "Checks, worst first",
            "The state of each chosen check at its last reading.",
            ("check", "kind"),
            Column("state", check_states(CHECK, "check, kind"), mapping=CHECK_STATES),
            Column(
                "age",
                f"time() - max by (check, kind) (venuewatch_check_timestamp_seconds{{{CHECK}}})",
                SECONDS,
            ),
            width=10,
            height=9,
        ),
        ranked(
            "Machine",
            "What the inventory says of the host, and what its agent says.",
            ("venue", "host"),
            Column(
                "inventory",
                f"max by (venue, host, role, address) (venuewatch_host_info{{{HOST}}})",
                of=("role", "address"),
            ),
            Column(
                "agent",
                "max by (venue, host, agent_version, os, release, machine) "
                f"(venuewatch_agent_info{{{HOST}}})",
                of=("agent_version", "os", "release", "machine"),
            ),
            by="host",
            is_ascending=True,
            height=4,
        ),
    ),
)

PROCESSOR = Row(
    "CPU and memory",
    (
        lines(
            "CPU by mode",
            "Share of the time of all CPUs. I/O wait: idle, while a disk is awaited. Steal: taken "
            "by the hypervisor.",
            Query(
                "avg by (mode) (rate("
                f'node_cpu_seconds_total{{{VITALS},mode!="idle"}}[$__rate_interval]))',
                "{{mode}}",
            ),
            unit=RATIO,
            is_stacked=True,
            top=1,
        ),
        lines(
            "Load",
            "Tasks that run or wait, on average over 1, 5 and 15 minutes, and the number of CPUs.",
            Query(vital("node_load1"), "1 min"),
            Query(vital("node_load5"), "5 min"),
            Query(vital("node_load15"), "15 min"),
            Query(
                "count by (host) (count by (host, cpu) "
                f'(node_cpu_seconds_total{{{VITALS},mode="idle"}}))',
                "CPUs",
            ),
        ),
        lines(
            "Memory",
            "Used: what programs can not have. Cached and buffers are given back when needed.",
            Query(
                f"{vital('node_memory_MemTotal_bytes')}"
                f" - {vital('node_memory_MemAvailable_bytes')}",
                "used",
            ),
            Query(vital("node_memory_Cached_bytes"), "cached"),
            Query(vital("node_memory_Buffers_bytes"), "buffers"),
            Query(vital("node_memory_MemTotal_bytes"), "total"),
            Query(
                f"{vital('node_memory_SwapTotal_bytes')} - {vital('node_memory_SwapFree_bytes')}",
                "swap used",
            ),
            unit=BYTES,
        ),
        lines(
            "Pressure",
            "Share of the time in which a task waited for a CPU, for memory or for I/O.",
            *(
                Query(rate(f"node_pressure_{kind}_waiting_seconds_total"), kind)
                for kind in ("cpu", "memory", "io")
            ),
            unit=RATIO,
            limits=Limits(0.1, 0.5),
        ),
        lines(
            "Tasks",
            "Tasks that run, and tasks that wait for I/O.",
            Query(vital("node_procs_running"), "running"),
            Query(vital("node_procs_blocked"), "blocked"),
        ),
        lines(
            "Major page faults, out of memory",
            "Pages that had to be read from a disk, and processes that were ended for memory.",
            Query(rate("node_vmstat_pgmajfault"), "page faults"),
            Query(rate("node_vmstat_oom_kill"), "ended for memory"),
            unit=PER_SECOND,
        ),
    ),
)

DISKS = Row(
    "Disks",
    (
        ranked(
            "Filesystems, fullest first",
            "Used share of space and of file nodes, and what is left for usual users.",
            ("mountpoint", "device", "fstype"),
            Column("used", DISK_USED, RATIO, limits=FULL),
            Column("left", vital("node_filesystem_avail_bytes", MOUNT), BYTES),
            Column("size", vital("node_filesystem_size_bytes", MOUNT), BYTES),
            Column("file nodes", NODES_USED, RATIO, limits=FULL),
            Column(
                "read-only", vital("node_filesystem_readonly", MOUNT), COUNT, limits=Limits(1, 1)
            ),
            width=12,
            height=8,
        ),
        lines(
            "Used space",
            "Used share of each filesystem.",
            Query(DISK_USED, "{{mountpoint}}"),
            unit=RATIO,
            limits=FULL,
            top=1,
        ),
        lines(
            "Throughput",
            "Bytes read from and written to each disk.",
            Query(rate("node_disk_read_bytes_total", "device"), "{{device}} read"),
            Query(rate("node_disk_written_bytes_total", "device"), "{{device}} written"),
            unit="Bps",
        ),
        lines(
            "Busy",
            "Share of the time in which each disk had something to do.",
            Query(rate("node_disk_io_time_seconds_total", "device"), "{{device}}"),
            unit=RATIO,
            limits=BUSY,
        ),
    ),
)

NETWORK = Row(
    "Network",
    (
        lines(
            "Traffic",
            "Bits received and sent on each interface but the one within the host.",
            Query(
                f"8 * {rate('node_network_receive_bytes_total', 'device', NO_LOOP)}",
                "{{device}} received",
            ),
            Query(
                f"8 * {rate('node_network_transmit_bytes_total', 'device', NO_LOOP)}",
                "{{device}} sent",
            ),
            unit=BITS,
        ),
        lines(
            "Faulty and dropped packets",
            "Packets with errors, and packets that were dropped, by interface and way.",
            *(
                Query(
                    rate(f"node_network_{way}_{fault}_total", "device"),
                    f"{{{{device}}}} {way} {name}",
                )
                for way in ("receive", "transmit")
                for fault, name in (("errs", "errors"), ("drop", "dropped"))
            ),
            unit="pps",
        ),
        lines(
            "TCP",
            "Segments that had to be sent again, and connections refused for a full queue.",
            Query(rate("node_netstat_Tcp_RetransSegs"), "sent again"),
            Query(rate("node_netstat_TcpExt_ListenOverflows"), "refused"),
            unit=PER_SECOND,
        ),
        lines(
            "Round trip",
            "From the centre to this host and back, through the broker.",
            Query(f"max by (host) (venuewatch_host_round_trip_seconds{{{HOST}}})", "round trip"),
            unit=SECONDS,
        ),
    ),
)

REST = Row(
    "Clock, temperature, agent",
    (
        lines(
            "Clock",
            "How far the host's clock is ahead of the aggregator's. It is an incident beyond "
            f"{LIMIT_S:g} s from the median of the fleet.",
            Query(
                f"max by (host, instance) (venuewatch_host_clock_offset_seconds{{{HOST}}})",
                "seen by {{instance}}",
            ),
            unit=SECONDS,
        ),
        lines(
            "Temperature",
            "Sensors of the machine.",
            Query(vital("node_hwmon_temp_celsius", "chip, sensor"), "{{chip}} {{sensor}}"),
            unit=CELSIUS,
        ),
        lines(
            "Agent: CPU",
            "Share of one CPU that the agent itself uses.",
            Query(rate("venuewatch_agent_cpu_seconds_total"), "agent"),
            unit=RATIO,
        ),
        lines(
            "Agent: memory",
            "Resident memory of the agent itself.",
            Query(vital("venuewatch_agent_resident_memory_bytes"), "agent"),
            unit=BYTES,
        ),
        lines(
            "Agent: readings that wait",
            "Readings on disk that could not be sent yet, and readings not acknowledged yet.",
            Query(vital("venuewatch_agent_spool_records"), "on disk"),
            Query(vital("venuewatch_agent_in_flight_messages"), "in flight"),
        ),
        lines(
            "Agent: readings lost",
            "Readings lost on the host (spool or size), and those missing at the centre.",
            Query(vital("venuewatch_agent_dropped_total"), "lost on the host"),
            Query(f"max by (host) (venuewatch_host_readings_missing{{{HOST}}})", "missing"),
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-host",
    "Host",
    "One host: its state, vitals and checks, and its agent.",
    (
        one("venue", "Venue", VENUES),
        one("host", "Host", HOSTS),
        several("check", "Check", CHECKS),
    ),
    (NOW, PROCESSOR, DISKS, NETWORK, REST),
)
