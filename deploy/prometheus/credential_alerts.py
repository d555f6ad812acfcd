"""Alerts of what lets agents and aggregators in at the broker, and ends by a date.

A certificate counts as the file that the next connection takes, so an alert is over soon after a
renewal. 0 stands for one that can not be used: it is not to be read, or its key does not fit.
"""

from typing import Final

from other_alerts import Rule, with_host

from aggregator.core.incidents.alerts import Severity

_SOON_S: Final = 14 * 86_400
_ENDS = "{{ if gt $value 0.0 }}expires in {{ $value | humanizeDuration }}{{ else }}"
_OR_UNUSABLE = "has expired, or can not be used with its key{{ end }}"
_BY_CONNECTION = "job, instance, connection"


def _ending(series: str, by: str) -> str:
    return f"min by ({by}) (last_over_time({series}[2m])) - time() < {_SOON_S}"


CREDENTIALS: Final = (
    Rule(
        "VenuewatchAgentCertificateExpiring",
        Severity.WARNING,
        "An agent's certificate expires within two weeks.",
        "The certificate of {{ $labels.host }} in {{ $labels.venue }} "
        f"{_ENDS}{_OR_UNUSABLE}. From then on its agent can not connect again.",
        with_host(
            "(\n  "
            + _ending("venuewatch_agent_certificate_expiry_timestamp_seconds", "venue, host")
            + "\n)"
        ),
        "10m",
        "5m",
    ),
    Rule(
        "VenuewatchAggregatorCertificateExpiring",
        Severity.WARNING,
        "An aggregator's certificate expires within two weeks.",
        "The certificate of the {{ $labels.connection }} connection of the aggregator at "
        "{{ $labels.instance }} "
        f"{_ENDS}{_OR_UNUSABLE}. From then on it can not connect again.",
        _ending("venuewatch_aggregator_certificate_expiry_timestamp_seconds", _BY_CONNECTION),
        "10m",
        "5m",
    ),
    Rule(
        "VenuewatchRevocationListExpiring",
        Severity.WARNING,
        "A list of revoked certificates is outdated within two weeks.",
        "The broker's list of revoked certificates, as the aggregator at {{ $labels.instance }} "
        "reads it, {{ if gt $value 0.0 }}is outdated in {{ $value | humanizeDuration }}: from then "
        "on nobody can connect.{{ else }}is outdated, so that nobody can connect, or can not be "
        "read, so that revoked certificates are let in.{{ end }}",
        _ending("venuewatch_pki_crl_next_update_timestamp_seconds", "job, instance"),
        "10m",
        "5m",
    ),
)
