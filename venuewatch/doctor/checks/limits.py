"""Compares the broker's limits with what is sent."""

from typing import NamedTuple

from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES
from venuewatch.doctor.findings import Finding, unknown, well, wrong
from venuewatch.doctor.reasons import about_packets, error_of, reason_of
from venuewatch.doctor.site import Site
from venuewatch.doctor.trial import Trial

PLACES = frozenset({"host", "centre"})
NEEDS = ("tls", "revoked")

_ROOM = 1_024  # bytes of a packet beside its payload: the topic, and properties
_CONF = "in the centre's mosquitto.conf"


class Offered(NamedTuple):
    """Why there is no session, None if not known; what the broker offers; what it found too large.

    ``trial``: None where an agent runs: it does not say what the broker offers it.
    """

    error: str | None
    trial: Trial | None = None
    too_large: tuple[str, ...] = ()


def look(site: Site) -> Offered:
    """Ask the agent, or look at the session that was tried."""
    status = site.running.status
    large = () if status is None else tuple(about_packets(status.refused))
    return Offered(error_of(site.running, site.trial), site.trial, large)


def judge(facts: Offered) -> list[Finding]:
    """Find limits under which a host can't be watched."""
    if facts.error:
        reason = reason_of(facts.error)
        if reason.kind == "limits":
            return [wrong(reason.text, reason.todo)]
    if facts.too_large:
        return [wrong(facts.too_large[0], f"Raise max_packet_size {_CONF}")]
    if facts.error != "":  # None: nothing was tried
        return [unknown("no session came about, so the broker's limits are not known")]
    if facts.trial is None:
        return [well("the program that runs met none")]
    return _judged(facts.trial)


def _judged(offered: Trial) -> list[Finding]:
    found = []
    wanted = MAX_PAYLOAD_BYTES + _ROOM
    if offered.packet_bytes_max is not None and offered.packet_bytes_max < wanted:
        text = f"the broker takes packets of {offered.packet_bytes_max:,} bytes at most"
        found.append(wrong(text, f"Set max_packet_size {_CONF} to {wanted:,} at least"))
    if offered.qos_max < 1:
        found.append(wrong("the broker acknowledges no message", f"Set max_qos {_CONF} to 1 or 2"))
    if not offered.has_retain:
        text = "the broker retains nothing, so births and ends are lost"
        found.append(wrong(text, f"Set retain_available {_CONF} to true"))
    if not offered.has_wildcards:
        todo = "Use another broker, or another user at it"
        found.append(wrong("the broker takes no subscriptions with wildcards", todo))
    return found or [well("the broker's limits leave room for all that is sent")]
