"""Catalogue of vitals: one field of a struct is one metric family.

The field's name is the metric's name, its annotation has type, help and labels, and its Python type
limits the values of a peer. The aggregator exposes no other family. Names and units are
node_exporter's, so its dashboards and alert rules work. Memory has the names that node_exporter
uses on systems without /proc/meminfo (``docs/decisions/0003-memory-names.md``).
"""

from typing import Annotated, NamedTuple, TypeAlias, get_type_hints

import msgspec

MAX_SAMPLES = 8_192  # a 512-core machine has 4,096 CPU samples

Label: TypeAlias = Annotated[str, msgspec.Meta(max_length=256)]
Number: TypeAlias = float | None
_SAMPLES = msgspec.Meta(max_length=MAX_SAMPLES)
By1: TypeAlias = Annotated[list[tuple[Label, float]], _SAMPLES] | None
By2: TypeAlias = Annotated[list[tuple[Label, Label, float]], _SAMPLES] | None
By3: TypeAlias = Annotated[list[tuple[Label, Label, Label, float]], _SAMPLES] | None


def gauge(text: str, *labels: str) -> msgspec.Meta:
    """Annotate a field as a gauge with this help and these labels."""
    return msgspec.Meta(description=text, extra={"kind": "gauge", "labels": labels})


def counter(text: str, *labels: str) -> msgspec.Meta:
    """Annotate a field as a counter with this help and these labels."""
    return msgspec.Meta(description=text, extra={"kind": "counter", "labels": labels})


_FILESYSTEM = ("device", "fstype", "mountpoint")


class Readings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One machine's vitals; a family that it cannot measure is ``None``."""

    node_boot_time_seconds: Annotated[Number, gauge("Node boot time, in unixtime.")] = None
    node_time_seconds: Annotated[Number, gauge("System time, in unixtime.")] = None
    node_load1: Annotated[Number, gauge("1m load average.")] = None
    node_load5: Annotated[Number, gauge("5m load average.")] = None
    node_load15: Annotated[Number, gauge("15m load average.")] = None
    node_cpu_seconds_total: Annotated[
        By2, counter("Seconds the CPUs spent in each mode.", "cpu", "mode")
    ] = None
    node_context_switches_total: Annotated[Number, counter("Number of context switches.")] = None
    node_intr_total: Annotated[Number, counter("Number of interrupts serviced.")] = None
    node_processes_pids: Annotated[Number, gauge("Number of processes.")] = None
    node_memory_total_bytes: Annotated[Number, gauge("Physical memory.")] = None
    node_memory_available_bytes: Annotated[
        Number, gauge("Memory that can be had without swapping.")
    ] = None
    node_memory_free_bytes: Annotated[Number, gauge("Memory that holds nothing.")] = None
    node_memory_buffers_bytes: Annotated[Number, gauge("Memory in block device buffers.")] = None
    node_memory_cached_bytes: Annotated[Number, gauge("Memory in the page cache.")] = None
    node_memory_swap_total_bytes: Annotated[Number, gauge("Swap space.")] = None
    node_memory_swap_used_bytes: Annotated[Number, gauge("Swap space in use.")] = None
    node_memory_swap_free_bytes: Annotated[Number, gauge("Swap space not in use.")] = None
    node_filesystem_size_bytes: Annotated[By3, gauge("Filesystem size in bytes.", *_FILESYSTEM)] = (
        None
    )
    node_filesystem_free_bytes: Annotated[
        By3, gauge("Filesystem free space in bytes.", *_FILESYSTEM)
    ] = None
    node_filesystem_avail_bytes: Annotated[
        By3, gauge("Filesystem space available to non-root users in bytes.", *_FILESYSTEM)
    ] = None
    node_filesystem_readonly: Annotated[
        By3, gauge("Filesystem read-only status.", *_FILESYSTEM)
    ] = None
    node_filesystem_files: Annotated[By3, gauge("Filesystem total file nodes.", *_FILESYSTEM)] = (
        None
    )
    node_filesystem_files_free: Annotated[
        By3, gauge("Filesystem total free file nodes.", *_FILESYSTEM)
    ] = None
    node_disk_reads_completed_total: Annotated[
        By1, counter("The total number of reads completed successfully.", "device")
    ] = None
    node_disk_writes_completed_total: Annotated[
        By1, counter("The total number of writes completed successfully.", "device")
    ] = None
    node_disk_read_bytes_total: Annotated[
        By1, counter("The total number of bytes read successfully.", "device")
    ] = None
    node_disk_written_bytes_total: Annotated[
        By1, counter("The total number of bytes written successfully.", "device")
    ] = None
    node_disk_read_time_seconds_total: Annotated[
        By1, counter("The total number of seconds spent by all reads.", "device")
    ] = None
    node_disk_write_time_seconds_total: Annotated[
        By1, counter("The total number of seconds spent by all writes.", "device")
    ] = None
    node_disk_io_time_seconds_total: Annotated[
        By1, counter("Total seconds spent doing I/Os.", "device")
    ] = None
    node_network_up: Annotated[By1, gauge("1 if the interface is up, 0 otherwise.", "device")] = (
        None
    )
    node_network_speed_bytes: Annotated[By1, gauge("Link speed in bytes per second.", "device")] = (
        None
    )
    node_network_mtu_bytes: Annotated[By1, gauge("MTU in bytes.", "device")] = None
    node_network_receive_bytes_total: Annotated[By1, counter("Bytes received.", "device")] = None
    node_network_transmit_bytes_total: Annotated[By1, counter("Bytes transmitted.", "device")] = (
        None
    )
    node_network_receive_packets_total: Annotated[By1, counter("Packets received.", "device")] = (
        None
    )
    node_network_transmit_packets_total: Annotated[
        By1, counter("Packets transmitted.", "device")
    ] = None
    node_network_receive_errs_total: Annotated[By1, counter("Receive errors.", "device")] = None
    node_network_transmit_errs_total: Annotated[By1, counter("Transmit errors.", "device")] = None
    node_network_receive_drop_total: Annotated[
        By1, counter("Received packets dropped.", "device")
    ] = None
    node_network_transmit_drop_total: Annotated[
        By1, counter("Packets to transmit dropped.", "device")
    ] = None
    node_hwmon_temp_celsius: Annotated[
        By2, gauge("Hardware monitor for temperature (input).", "chip", "sensor")
    ] = None
    node_scrape_collector_success: Annotated[
        By1, gauge("Whether a collector of vitals succeeded.", "collector")
    ] = None
    node_scrape_collector_duration_seconds: Annotated[
        By1, gauge("How long a collector of vitals took.", "collector")
    ] = None
    venuewatch_agent_resident_memory_bytes: Annotated[
        Number, gauge("Resident memory of the agent.")
    ] = None
    venuewatch_agent_cpu_seconds_total: Annotated[
        Number, counter("CPU seconds that the agent has used.")
    ] = None
    venuewatch_agent_threads: Annotated[Number, gauge("Threads of the agent.")] = None
    venuewatch_agent_sessions_total: Annotated[
        Number, counter("Connections that the agent has tried.")
    ] = None
    venuewatch_agent_in_flight_messages: Annotated[
        Number, gauge("Readings that the broker has not acknowledged yet.")
    ] = None
    venuewatch_agent_readings_total: Annotated[
        Number, counter("Vitals and check messages that this run of the agent has made.")
    ] = None
    venuewatch_agent_spool_records: Annotated[
        Number, gauge("Readings that wait in the agent's spool.")
    ] = None
    venuewatch_agent_spool_bytes: Annotated[Number, gauge("Size of the agent's spool.")] = None
    venuewatch_agent_dropped_total: Annotated[
        Number, counter("Readings that the agent lost to a full or damaged spool.")
    ] = None
    venuewatch_agent_probes_dropped_total: Annotated[
        Number, counter("Probes that the agent was asked for too often to make.")
    ] = None


class Family(NamedTuple):
    """One metric family, as exposition and documentation need it."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


def catalogue_of(struct: type[msgspec.Struct]) -> tuple[Family, ...]:
    """Return the families that a struct declares, in the order of its fields."""
    found = []
    for name, hint in get_type_hints(struct, include_extras=True).items():
        meta = hint.__metadata__[-1]
        found.append(Family(name, meta.extra["kind"], meta.description, meta.extra["labels"]))
    return tuple(found)


def families() -> tuple[Family, ...]:
    """Return the catalogue of vitals."""
    return catalogue_of(Readings)
