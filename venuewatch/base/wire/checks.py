"""States of checks, and the catalogue of the values that checks measure.

As with vitals, the struct is the catalogue: a field ``check_…`` or ``results_…`` becomes the
metric ``venuewatch_check_…`` or ``venuewatch_results_…``. The aggregator exposes no other metric of
a check.
"""

from typing import Annotated, Literal, TypeAlias, get_args

import msgspec

from venuewatch.base.wire.readings import ByLabel, ByReason, Number

NetworkState: TypeAlias = Literal["ok", "warning", "critical", "unknown"]
ResultsState: TypeAlias = Literal[
    "flowing",
    "delayed",
    "frozen",
    "silent",
    "redundancy_lost",
    "not_expected",
    "unknown",
    "critical",
]
CheckState: TypeAlias = NetworkState | ResultsState

RESULTS_STATES = frozenset(get_args(ResultsState))
RESULTS_KINDS = frozenset({"feed", "line", "push", "redundancy", "stream"})
"""The kinds of checks that say a state of results."""

WELL: frozenset[CheckState] = frozenset(
    {"ok", "warning", "flowing", "redundancy_lost", "not_expected"}
)
"""The states in which the thing that is checked still does its work."""


class CheckValues(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The values of one reading; a value that its kind does not measure is ``None``."""

    check_round_trip_min_seconds: Annotated[Number, "Shortest round trip."] = None
    check_round_trip_avg_seconds: Annotated[Number, "Mean round trip."] = None
    check_round_trip_max_seconds: Annotated[Number, "Longest round trip."] = None
    check_jitter_seconds: Annotated[Number, "Mean difference between consecutive round trips."] = (
        None
    )
    check_loss_ratio: Annotated[Number, "Share of probes without an answer."] = None
    check_answers: Annotated[Number, "Answers to a question, such as DNS'."] = None
    check_http_status_code: Annotated[Number, "Status of the HTTP answer."] = None
    check_body_bytes: Annotated[Number, "Size of the HTTP body that was read."] = None
    check_content_number: Annotated[Number, "Number in the content that must advance."] = None
    check_content_rest_seconds: Annotated[
        Number, "How long the number or the clock in the content has not advanced."
    ] = None
    check_certificate_expiry_timestamp_seconds: Annotated[
        Number, "When the certificate expires, in unixtime."
    ] = None
    check_interface_up: Annotated[Number, "1 if the interface is up."] = None
    check_interface_speed_bytes: Annotated[Number, "Link speed in bytes per second."] = None
    check_interface_errors_total: Annotated[Number, "Errors of the interface, both ways."] = None
    check_interface_drops_total: Annotated[
        Number, "Packets that the interface dropped, both ways."
    ] = None
    check_clock_offset_seconds: Annotated[
        Number, "How far the time server is ahead of this machine."
    ] = None
    check_stratum: Annotated[Number, "Stratum of the time server."] = None
    check_members_up: Annotated[Number, "Members of a redundant group that work."] = None
    check_members: Annotated[Number, "Members of a redundant group."] = None
    check_processes: Annotated[Number, "Processes that match."] = None
    check_process_restarts_total: Annotated[
        Number, "How often the process was seen to be a new one."
    ] = None
    check_process_cpu_seconds_total: Annotated[
        Number, "CPU seconds of the processes that match."
    ] = None
    check_process_resident_memory_bytes: Annotated[
        Number, "Resident memory of the processes that match."
    ] = None
    check_service_active: Annotated[Number, "1 if the service is active."] = None
    check_service_restarts_total: Annotated[Number, "Restarts by the service manager itself."] = (
        None
    )
    check_disk_used_ratio: Annotated[Number, "Used share of the filesystem."] = None
    check_disk_free_bytes: Annotated[Number, "Free space for a usual user."] = None
    check_disk_inodes_used_ratio: Annotated[
        Number, "Used share of the filesystem's file nodes."
    ] = None
    check_disk_read_only: Annotated[Number, "1 if the filesystem is read-only."] = None
    check_file_age_seconds: Annotated[Number, "Age of the newest file."] = None
    check_file_size_bytes: Annotated[Number, "Size of the newest file."] = None
    check_files: Annotated[Number, "Files that match."] = None
    check_log_matches_total: Annotated[Number, "Lines that matched."] = None
    check_log_skipped_bytes_total: Annotated[Number, "Bytes of the log that were not searched."] = (
        None
    )
    check_exit_code: Annotated[Number, "Exit code of the plugin."] = None
    check_performance: Annotated[
        ByLabel, "Performance data of a plugin, without a unit or in one that is not known."
    ] = None
    check_performance_seconds: Annotated[ByLabel, "Performance data of a plugin: times."] = None
    check_performance_bytes: Annotated[ByLabel, "Performance data of a plugin: sizes."] = None
    check_performance_ratio: Annotated[
        ByLabel, "Performance data of a plugin: shares (50 % is 0.5)."
    ] = None
    check_performance_total: Annotated[ByLabel, "Performance data of a plugin: counters."] = None
    results_messages_total: Annotated[Number, "Messages of the feed."] = None
    results_bytes_total: Annotated[Number, "Bytes of the feed."] = None
    results_parse_errors_total: Annotated[Number, "Messages that could not be read."] = None
    results_oversized_total: Annotated[Number, "Messages over the size limit."] = None
    results_version_gaps_total: Annotated[Number, "Versions that never came."] = None
    results_version_regressions_total: Annotated[Number, "Versions that went backward."] = None
    results_wrong_flag_total: Annotated[
        Number, "Messages whose feed flag is not the expected one."
    ] = None
    results_wrong_date_total: Annotated[
        Number, "Messages whose logical date does not fit their date and time."
    ] = None
    results_unauthorized_total: Annotated[
        Number, "Pushes that were refused: for their API key, their sender, or from a browser."
    ] = None
    results_refused_total: Annotated[
        ByReason, "Messages, pushes and connections that were refused, for each reason."
    ] = None
    results_connections_ended_total: Annotated[
        Number, "Connections of senders that were ended for others, or refused."
    ] = None
    results_live_units: Annotated[Number, "Units of competition that are live."] = None
    results_last_message_timestamp_seconds: Annotated[
        Number, "When the last message came, in unixtime."
    ] = None
    results_last_data_timestamp_seconds: Annotated[Number, "When data last moved, in unixtime."] = (
        None
    )
    results_data_age_seconds: Annotated[Number, "Age of the oldest data of a live unit."] = None
    results_latency_seconds: Annotated[
        Number, "How long the latest data of a live unit was on its way."
    ] = None
    results_clock_offset_seconds: Annotated[
        Number, "How far the source's clock is ahead of this machine's."
    ] = None
    results_clock_limit_seconds: Annotated[
        Number, "How far the source's clock may be off, either way."
    ] = None
    results_last_number: Annotated[Number, "The last result, or number of a stream."] = None


VALUES_OF_NOW = (
    "results_live_units",
    "results_data_age_seconds",
    "results_latency_seconds",
    "results_clock_offset_seconds",
)
"""The values that nobody knows while a results system can't be heard; others are counted."""
