"""Catalogue of vitals: one field of a struct is one metric family.

The field's name is the metric's name, and a counter's ends in ``_total``. Its annotation has the
help, and a type that names the labels and limits the values of a peer. The aggregator exposes no
other family. Names, types and units are node_exporter's on each operating system, so its dashboards
and alert rules work (``docs/decisions/0003-node-exporters-names.md``).
"""

from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

import msgspec

from venuewatch.base.wire.bounds import LABEL_MAX
from venuewatch.base.wire.kernel_fields import UNTYPED, KernelFields

MAX_SAMPLES = 8_192  # a 512-core machine has 4,096 CPU samples

Label: TypeAlias = Annotated[str, msgspec.Meta(max_length=LABEL_MAX)]
Number: TypeAlias = float | None


def _by(*labels: str) -> msgspec.Meta:
    return msgspec.Meta(max_length=MAX_SAMPLES, extra={"labels": labels})


ByDevice: TypeAlias = Annotated[list[tuple[Label, float]], _by("device")] | None
ByMaster: TypeAlias = Annotated[list[tuple[Label, float]], _by("master")] | None
ByDiskState: TypeAlias = Annotated[list[tuple[Label, Label, float]], _by("device", "state")] | None
ByCollector: TypeAlias = Annotated[list[tuple[Label, float]], _by("collector")] | None
ByReason: TypeAlias = Annotated[list[tuple[Label, float]], _by("reason")] | None
ByMeans: TypeAlias = Annotated[list[tuple[Label, float]], _by("means")] | None
ByLabel: TypeAlias = Annotated[list[tuple[Label, float]], _by("label")] | None
ByCpuMode: TypeAlias = Annotated[list[tuple[Label, Label, float]], _by("cpu", "mode")] | None
BySensor: TypeAlias = Annotated[list[tuple[Label, Label, float]], _by("chip", "sensor")] | None
ByMount: TypeAlias = (
    Annotated[list[tuple[Label, Label, Label, float]], _by("device", "fstype", "mountpoint")] | None
)


class Readings(KernelFields, frozen=True, omit_defaults=True, kw_only=True):
    """One machine's vitals; a family that it cannot measure is ``None``."""

    node_boot_time_seconds: Annotated[Number, "Node boot time, in unixtime."] = None
    node_time_seconds: Annotated[Number, "System time, in unixtime."] = None
    node_load1: Annotated[Number, "1m load average."] = None
    node_load5: Annotated[Number, "5m load average."] = None
    node_load15: Annotated[Number, "15m load average."] = None
    node_cpu_seconds_total: Annotated[ByCpuMode, "Seconds the CPUs spent in each mode."] = None
    node_context_switches_total: Annotated[Number, "Number of context switches."] = None
    node_intr_total: Annotated[Number, "Number of interrupts serviced."] = None
    node_forks_total: Annotated[Number, "Number of processes and threads made."] = None
    node_procs_running: Annotated[Number, "Tasks that run or wait for a CPU."] = None
    node_procs_blocked: Annotated[Number, "Tasks that wait for I/O."] = None
    node_processes_pids: Annotated[Number, "Number of processes."] = None
    node_pressure_cpu_waiting_seconds_total: Annotated[
        Number, "Time in which a task waited for a CPU."
    ] = None
    node_pressure_io_waiting_seconds_total: Annotated[
        Number, "Time in which a task waited for I/O."
    ] = None
    node_pressure_io_stalled_seconds_total: Annotated[
        Number, "Time in which all tasks waited for I/O."
    ] = None
    node_pressure_irq_stalled_seconds_total: Annotated[
        Number, "Time in which interrupts let no task run."
    ] = None
    node_pressure_memory_waiting_seconds_total: Annotated[
        Number, "Time in which a task waited for memory."
    ] = None
    node_pressure_memory_stalled_seconds_total: Annotated[
        Number, "Time in which all tasks waited for memory."
    ] = None
    node_filefd_allocated: Annotated[Number, "Open files."] = None
    node_filefd_maximum: Annotated[Number, "The most files that may be open."] = None
    node_timex_sync_status: Annotated[Number, "1 if the clock is synchronized, 0 otherwise."] = None
    node_timex_offset_seconds: Annotated[Number, "How far the clock is from its reference."] = None
    node_timex_maxerror_seconds: Annotated[Number, "Largest error of the clock."] = None
    node_timex_estimated_error_seconds: Annotated[Number, "Likely error of the clock."] = None
    node_timex_frequency_adjustment_ratio: Annotated[
        Number, "How fast the clock is made to run."
    ] = None
    node_timex_loop_time_constant: Annotated[Number, "Time constant of the control loop."] = None
    node_timex_status: Annotated[Number, "Status bits (adjtimex(2))."] = None
    node_timex_tick_seconds: Annotated[Number, "Seconds between clock ticks."] = None
    node_timex_tai_offset_seconds: Annotated[Number, "Atomic time minus UTC."] = None
    node_timex_pps_frequency_hertz: Annotated[Number, "Frequency of the pulse per second."] = None
    node_timex_pps_jitter_seconds: Annotated[Number, "Jitter of the pulse per second."] = None
    node_timex_pps_shift_seconds: Annotated[Number, "Interval of the pulse per second."] = None
    node_timex_pps_stability_hertz: Annotated[Number, "Stability of the pulse per second."] = None
    node_timex_pps_jitter_total: Annotated[Number, "Pulses beyond the limit of jitter."] = None
    node_timex_pps_calibration_total: Annotated[Number, "Calibrations by the pulse per second."] = (
        None
    )
    node_timex_pps_error_total: Annotated[Number, "Calibrations that failed."] = None
    node_timex_pps_stability_exceeded_total: Annotated[
        Number, "Calibrations beyond the limit of stability."
    ] = None
    node_filesystem_size_bytes: Annotated[ByMount, "Filesystem size in bytes."] = None
    node_filesystem_free_bytes: Annotated[ByMount, "Filesystem free space in bytes."] = None
    node_filesystem_avail_bytes: Annotated[
        ByMount, "Filesystem space available to non-root users in bytes."
    ] = None
    node_filesystem_readonly: Annotated[ByMount, "Filesystem read-only status."] = None
    node_filesystem_device_error: Annotated[ByMount, "1 if the filesystem could not be asked."] = (
        None
    )
    node_filesystem_files: Annotated[ByMount, "Filesystem total file nodes."] = None
    node_filesystem_files_free: Annotated[ByMount, "Filesystem total free file nodes."] = None
    node_disk_reads_completed_total: Annotated[
        ByDevice, "The total number of reads completed successfully."
    ] = None
    node_disk_writes_completed_total: Annotated[
        ByDevice, "The total number of writes completed successfully."
    ] = None
    node_disk_read_bytes_total: Annotated[
        ByDevice, "The total number of bytes read successfully."
    ] = None
    node_disk_written_bytes_total: Annotated[
        ByDevice, "The total number of bytes written successfully."
    ] = None
    node_disk_read_time_seconds_total: Annotated[
        ByDevice, "The total number of seconds spent by all reads."
    ] = None
    node_disk_write_time_seconds_total: Annotated[
        ByDevice, "The total number of seconds spent by all writes."
    ] = None
    node_disk_io_time_seconds_total: Annotated[ByDevice, "Total seconds spent doing I/Os."] = None
    node_disk_io_time_weighted_seconds_total: Annotated[
        ByDevice, "Seconds spent doing I/Os, times the I/Os in progress."
    ] = None
    node_disk_io_now: Annotated[ByDevice, "The number of I/Os in progress."] = None
    node_disk_reads_merged_total: Annotated[ByDevice, "The total number of reads merged."] = None
    node_disk_writes_merged_total: Annotated[ByDevice, "The total number of writes merged."] = None
    node_disk_discards_completed_total: Annotated[
        ByDevice, "The total number of discards completed."
    ] = None
    node_disk_discards_merged_total: Annotated[ByDevice, "The total number of discards merged."] = (
        None
    )
    node_disk_discarded_sectors_total: Annotated[
        ByDevice, "The total number of sectors discarded."
    ] = None
    node_disk_discard_time_seconds_total: Annotated[
        ByDevice, "The total number of seconds spent by all discards."
    ] = None
    node_disk_flush_requests_total: Annotated[
        ByDevice, "The total number of flushes completed."
    ] = None
    node_disk_flush_requests_time_seconds_total: Annotated[
        ByDevice, "The total number of seconds spent by all flushes."
    ] = None
    node_md_state: Annotated[ByDiskState, "1 for the state that an array of disks is in."] = None
    node_md_disks: Annotated[ByDiskState, "Disks of an array that are in this state."] = None
    node_md_disks_required: Annotated[ByDevice, "Disks that an array needs to be whole."] = None
    node_md_blocks: Annotated[ByDevice, "Size of an array, in blocks of 1 KiB."] = None
    node_md_blocks_synced: Annotated[ByDevice, "Blocks of an array that are in sync."] = None
    node_network_up: Annotated[ByDevice, "1 if the interface is up, 0 otherwise."] = None
    node_network_speed_bytes: Annotated[ByDevice, "Link speed in bytes per second."] = None
    node_network_mtu_bytes: Annotated[ByDevice, "MTU in bytes."] = None
    node_network_receive_bytes_total: Annotated[ByDevice, "Bytes received."] = None
    node_network_transmit_bytes_total: Annotated[ByDevice, "Bytes transmitted."] = None
    node_network_receive_packets_total: Annotated[ByDevice, "Packets received."] = None
    node_network_transmit_packets_total: Annotated[ByDevice, "Packets transmitted."] = None
    node_network_receive_errs_total: Annotated[ByDevice, "Receive errors."] = None
    node_network_transmit_errs_total: Annotated[ByDevice, "Transmit errors."] = None
    node_network_receive_drop_total: Annotated[ByDevice, "Received packets dropped."] = None
    node_network_transmit_drop_total: Annotated[ByDevice, "Packets to transmit dropped."] = None
    node_network_receive_fifo_total: Annotated[ByDevice, "Receive FIFO overruns."] = None
    node_network_receive_frame_total: Annotated[ByDevice, "Receive framing errors."] = None
    node_network_receive_compressed_total: Annotated[ByDevice, "Compressed packets received."] = (
        None
    )
    node_network_receive_multicast_total: Annotated[ByDevice, "Multicast packets received."] = None
    node_network_transmit_fifo_total: Annotated[ByDevice, "Transmit FIFO overruns."] = None
    node_network_transmit_colls_total: Annotated[ByDevice, "Collisions."] = None
    node_network_transmit_carrier_total: Annotated[ByDevice, "Carrier errors."] = None
    node_network_transmit_compressed_total: Annotated[
        ByDevice, "Compressed packets transmitted."
    ] = None
    node_bonding_slaves: Annotated[ByMaster, "Interfaces of a bond."] = None
    node_bonding_active: Annotated[ByMaster, "Interfaces of a bond that have a link."] = None
    node_nf_conntrack_entries: Annotated[Number, "Tracked connections."] = None
    node_nf_conntrack_entries_limit: Annotated[
        Number, "The most connections that can be tracked."
    ] = None
    node_hwmon_temp_celsius: Annotated[BySensor, "Hardware monitor for temperature (input)."] = None
    node_scrape_collector_success: Annotated[
        ByCollector, "Whether a collector of vitals succeeded."
    ] = None
    node_scrape_collector_duration_seconds: Annotated[
        ByCollector, "How long a collector of vitals took."
    ] = None
    venuewatch_agent_resident_memory_bytes: Annotated[Number, "Resident memory of the agent."] = (
        None
    )
    venuewatch_agent_cpu_seconds_total: Annotated[
        Number, "CPU seconds that the agent has used."
    ] = None
    venuewatch_agent_threads: Annotated[Number, "Threads of the agent."] = None
    venuewatch_agent_sessions_total: Annotated[Number, "Connections that the agent has tried."] = (
        None
    )
    venuewatch_agent_in_flight_messages: Annotated[
        Number, "Readings that the broker has not acknowledged yet."
    ] = None
    venuewatch_agent_readings_total: Annotated[
        Number, "Vitals and check messages that this run of the agent has made."
    ] = None
    venuewatch_agent_readings_skipped_total: Annotated[
        Number,
        "Readings that were due and that this run of the agent could not take, for want of time.",
    ] = None
    venuewatch_agent_spool_records: Annotated[
        Number, "Readings that wait in the agent's spool."
    ] = None
    venuewatch_agent_spool_bytes: Annotated[Number, "Size of the agent's spool."] = None
    venuewatch_agent_dropped_total: Annotated[
        Number,
        "Readings that the agent lost: to a full or damaged spool, or too large for the broker.",
    ] = None
    venuewatch_agent_publications_refused_total: Annotated[
        ByReason, "Messages of the agent that the broker refused, or that are larger than it takes."
    ] = None
    venuewatch_agent_means_refused_total: Annotated[
        ByMeans,
        "What the machine refused the agent: its disk, threads, descriptors or processes.",
    ] = None
    venuewatch_agent_probes_dropped_total: Annotated[
        Number, "Probes that the agent was asked for too often to make."
    ] = None
    venuewatch_agent_certificate_expiry_timestamp_seconds: Annotated[
        Number,
        "When the certificate of the agent's next connection to the broker expires, in unixtime; "
        "0 for one that can not be used.",
    ] = None


class Family(NamedTuple):
    """One metric family, as exposition and documentation need it."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


def families_of(struct: type[msgspec.Struct]) -> tuple[Family, ...]:
    """Return the families that a struct declares, in the order of its fields."""
    hints = get_type_hints(struct, include_extras=True)
    return tuple(_family(name, *get_args(hint)) for name, hint in hints.items())


def _family(name: str, values: Any, text: str) -> Family:
    kind = "counter" if name.endswith("_total") else "gauge"
    kind = "untyped" if name.startswith(UNTYPED) else kind
    rows = get_args(values)[0]
    labels = rows.__metadata__[0].extra["labels"] if get_origin(rows) is Annotated else ()
    return Family(name, kind, text, labels)
